// What a client is opened with.
import { native, type NativeOptions, type NativeSecret } from './addon'
import { badArgument } from './errors'
import { kindOf, nativeOf, notTakeable, Secret } from './secret'

/** How to open a client. Without any option: a vault in the platform's data folder, its key in a file beside it. */
export interface OpenOptions {
  /** The vault's file, made at first use. Default: `keylatch/vault.db` in the platform's data folder. */
  path?: string | undefined
  /** The vault's key, 32 bytes. A buffer is filled with zeros before `open` returns its Promise. */
  key?: Uint8Array | Secret | undefined
  /** Name of the environment variable with the vault's key: 64 hexadecimal digits, or Base64 of 32 bytes. */
  keyEnv?: string | undefined
  /** File with the vault's key, mode 0600, made at first use. Default: beside the vault, with `.key` added. */
  keyFile?: string | undefined
  /** Passphrase to derive the vault's key from (Argon2id). A buffer is filled with zeros; a string cannot be. */
  passphrase?: string | Uint8Array | Secret | undefined
  /** Longest time for one request to a provider in milliseconds, to the last byte. Default: 30 000. */
  timeoutMs?: number | undefined
  /** Largest answer of a provider that is taken, in bytes. Default: 32 MiB. */
  maxResponseBytes?: number | undefined
  /** Certificate authorities to trust besides the system's, in PEM. Default: none. */
  extraCa?: string | Uint8Array | undefined
  /** Proxy for requests to providers, such as `http://proxy:3128`. Default: none; the environment is not consulted. */
  proxy?: string | undefined
  /** Refuse secrets in strings, and keep no connection on which a credential has travelled. Default: no. */
  strictSecrets?: boolean | undefined
}

const TYPES = {
  path: 'string',
  keyEnv: 'string',
  keyFile: 'string',
  timeoutMs: 'number',
  maxResponseBytes: 'number',
  proxy: 'string',
  strictSecrets: 'boolean',
} as const

/**
 * Options as the native side takes them.
 *
 * @internal
 */
export interface NativeOpening {
  options: NativeOptions
  key: NativeSecret | undefined
  passphrase: NativeSecret | undefined
}

/**
 * Checks options and takes the secret ones; buffers are zeros afterwards.
 *
 * @internal
 */
export function nativeOpening(given: OpenOptions): NativeOpening {
  const { key, passphrase, extraCa, ...plain } = given
  const taken = { key: secretOf('key', key), passphrase: secretOf('passphrase', passphrase) }
  const options: NativeOptions = {}
  for (const [name, value] of Object.entries(plain)) {
    if (!Object.hasOwn(TYPES, name)) throw badArgument(name, `open has no option ${name}`)
    if (value === undefined) continue
    const wanted = TYPES[name as keyof typeof TYPES]
    if (typeof value !== wanted) throw badArgument(name, `${name} must be a ${wanted}, not ${kindOf(value)}`)
    Object.assign(options, { [name]: value })
  }
  if (extraCa !== undefined) options.extraCa = pemOf(extraCa)
  return { options, ...taken }
}

function secretOf(name: 'key' | 'passphrase', value: unknown): NativeSecret | undefined {
  if (value === undefined) return undefined
  if (value instanceof Secret) return nativeOf(value)
  if (name === 'passphrase' && typeof value === 'string') return native.NativeSecret.fromText(value)
  const fault = notTakeable(value)
  if (fault) throw badArgument(name, `${name} must be a Uint8Array or a Secret, not ${fault}`)
  return native.NativeSecret.take(value as Uint8Array)
}

function pemOf(value: unknown): string {
  if (typeof value === 'string') return value
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8')
  throw badArgument('extraCa', `extraCa must be a PEM text or buffer, not ${kindOf(value)}`)
}
