// What a client is opened with: a vault, or a project on Composio's API.
import { native, type NativeOptions, type NativeProject, type NativeSecret, type NativeTransit } from './addon'
import { badArgument } from './errors'
import type { Expired } from './model'
import { kindOf, nativeOf, notTakeable, Secret } from './secret'

/** What both kinds of client take. */
export interface ConnectionOptions {
  /**
   * Longest time for one request to a provider in milliseconds, to the last byte, and for waiting until other processes
   * have written to the vault, a keyring has been unlocked or Transit has answered; on Composio's API for one call with all its retries and pauses. Default: 30 000.
   */
  timeoutMs?: number | undefined
  /** Largest answer that is taken, in bytes. Default: 32 MiB. */
  maxResponseBytes?: number | undefined
  /** Certificate authorities to trust besides the system's, in PEM. Default: none. */
  extraCa?: string | Uint8Array | undefined
  /** Proxy for requests, such as `http://proxy:3128`. Default: none; the environment is not consulted. */
  proxy?: string | undefined
  /** Refuse secrets in strings, and keep no connection on which a credential has travelled. Default: no. */
  strictSecrets?: boolean | undefined
}

/** Where a vault's key comes from: at most one of these, by default a file beside the vault. */
export interface KeyOptions {
  /** The vault's key, 32 bytes. A buffer is filled with zeros before the call returns its Promise. */
  key?: Uint8Array | Secret | undefined
  /** Name of the environment variable with the vault's key: 64 hexadecimal digits, or Base64 of 32 bytes. */
  keyEnv?: string | undefined
  /** File with the vault's key, mode 0600, made at first use. Default: beside the vault, with `.key` added. */
  keyFile?: string | undefined
  /** Passphrase to derive the vault's key from (Argon2id). A buffer is filled with zeros; a string cannot be. */
  passphrase?: string | Uint8Array | Secret | undefined
  /** Name of the application in the operating system's keyring, where the key is made at first use. */
  keyring?: string | undefined
  /** A key of OpenBao's or Vault's Transit engine that seals the vault's key. */
  transit?: TransitOptions | undefined
}

/**
 * A key of the Transit engine of an OpenBao or Vault server, which seals the vault's key. The server is asked once for each
 * opening of the vault, within its `timeoutMs`. Exactly one of the three tokens is given.
 */
export interface TransitOptions {
  /** An HTTPS address, or HTTP on loopback, without `/v1`. */
  address: string
  /**
   * Name of the key, which an administrator makes: of the type aes256-gcm96 (the default there) or another one with associated
   * data, and not derived.
   */
  key: string
  /** What the server is asked with. A buffer is filled with zeros before the call returns its Promise; a string cannot be. */
  token?: string | Uint8Array | Secret | undefined
  /** Name of an environment variable with the token. None is looked at unasked. */
  tokenEnv?: string | undefined
  /** A file with the token, as an agent writes it. */
  tokenFile?: string | undefined
  /** Where the engine is mounted. Default: `transit`. */
  mount?: string | undefined
  /** What the engine is in (`X-Vault-Namespace`). Default: none. */
  namespace?: string | undefined
}

/** How to open a vault. Without any option: one in the platform's data folder, its key in a file beside it. */
export interface OpenOptions extends ConnectionOptions, KeyOptions {
  /**
   * The vault's file, or the URL of a vault in PostgreSQL, such as `postgres://user:password@host/database`, which wants a key
   * of its own; made at first use. Default: `keylatch/vault.db` in the platform's data folder.
   */
  path?: string | undefined
  /** Whose vault: each tenant's rows and data keys are its own, and no call sees those of another. Default: `default`. */
  tenant?: string | undefined
  /**
   * How long, in milliseconds, the opened record of a connection may be used again by `request` and `executeAction` without asking
   * the vault. What this client changes is seen at once, what others change when this time is over. It is held in memory that is left
   * out of core dumps, and locked as far as the system allows. Default: 0, no longer than a call.
   */
  holdForMs?: number | undefined
  /**
   * Whether this client writes what it does into the vault's audit log: `required` refuses a call whose entry cannot be written,
   * `best_effort` goes on. A use of a connection costs a transaction then. Default: `off`.
   */
  audit?: 'off' | 'best_effort' | 'required' | undefined
  /**
   * Called when a call finds that an app no longer takes a connection's credentials: by a 401 that the app's check confirms, a
   * check, or a token that is refused. Once for each change, on the thread of JavaScript that made the call (or makes a later
   * one), just before that call's Promise settles. What it throws is an uncaught exception. There is none for
   * `Keylatch.composio`, where only Composio changes a status.
   */
  onExpired?: ((expired: Expired) => unknown) | undefined
}

/** Which project on Composio's API to use. */
export interface ComposioOptions extends ConnectionOptions {
  /**
   * The project's API key, `ak_…`. A buffer is filled with zeros before the call returns its Promise; a string cannot be.
   * Default: the environment variable `COMPOSIO_API_KEY`.
   */
  apiKey?: string | Uint8Array | Secret | undefined
  /**
   * Where the API is, with or without `/api` at the end. Default: the environment variable `COMPOSIO_BASE_URL`, else
   * Composio's own.
   */
  baseUrl?: string | undefined
  /** Which generation of the API to speak. Default: `v3.1`. */
  apiVersion?: 'v3.1' | 'v1' | undefined
}

type Types = Readonly<Record<string, 'string' | 'number' | 'boolean'>>

const CONNECTION: Types = {
  timeoutMs: 'number',
  maxResponseBytes: 'number',
  proxy: 'string',
  strictSecrets: 'boolean',
}
const VAULT: Types = {
  ...CONNECTION,
  path: 'string',
  tenant: 'string',
  keyEnv: 'string',
  keyFile: 'string',
  keyring: 'string',
  holdForMs: 'number',
  audit: 'string',
}
const TRANSIT: Types = {
  address: 'string',
  key: 'string',
  mount: 'string',
  namespace: 'string',
  tokenEnv: 'string',
  tokenFile: 'string',
}
const PROJECT: Types = { baseUrl: 'string', apiVersion: 'string' }
const COMPOSIO: Types = { ...CONNECTION, ...PROJECT }

/**
 * Options as the native side takes them: it spends the secrets.
 *
 * @internal
 */
export interface NativeOpening {
  options: NativeOptions
  key?: NativeSecret | undefined
  passphrase?: NativeSecret | undefined
  token?: NativeSecret | undefined
  apiKey?: NativeSecret | undefined
  onExpired?: OpenOptions['onExpired']
}

/**
 * Checks a vault's options and takes the secret ones; buffers are zeros afterwards.
 *
 * @internal
 */
export function vaultOpening(given: OpenOptions): NativeOpening {
  const { key, passphrase, transit, onExpired, ...rest } = given
  if (onExpired !== undefined && typeof onExpired !== 'function') {
    throw badArgument('onExpired', `onExpired must be a function, not ${kindOf(onExpired)}`)
  }
  const taken = { key: bytesOrSecret('key', key), passphrase: textOrSecret('passphrase', passphrase) }
  const options = checked('open', rest, VAULT)
  if (transit === undefined) return { options, ...taken, onExpired }
  const { place, token } = partsOfTransit(transit)
  return { options: { ...options, transit: place }, ...taken, token: textOrSecret('token', token), onExpired }
}

/**
 * A Transit key without its token, and the token.
 *
 * @internal
 */
export function partsOfTransit(given: TransitOptions): { place: NativeTransit; token: TransitOptions['token'] } {
  if (typeof given !== 'object' || given === null) {
    throw badArgument('transit', `transit must be an object, not ${kindOf(given)}`)
  }
  const { token, ...rest } = given
  return { place: plain('transit', rest, TRANSIT), token }
}

/**
 * Checks a project's options and takes the key; a buffer is zeros afterwards.
 *
 * @internal
 */
export function composioOpening(given: ComposioOptions): NativeOpening {
  const { apiKey, ...rest } = given
  const taken = textOrSecret('apiKey', apiKey)
  const { baseUrl, apiVersion, ...options } = checked('composio', rest, COMPOSIO)
  return { options: { ...options, composio: { baseUrl, apiVersion } as NativeProject }, apiKey: taken }
}

/**
 * The same with secrets of its own, since an opening spends them.
 *
 * @internal
 */
export function copied({ key, passphrase, token, apiKey, ...rest }: NativeOpening): NativeOpening {
  return { ...rest, key: key?.copy(), passphrase: passphrase?.copy(), token: token?.copy(), apiKey: apiKey?.copy() }
}

/** The options that are given, each of its type. */
function checked(call: string, given: ConnectionOptions, types: Types): NativeOptions & NativeProject {
  const { extraCa, ...rest } = given
  const options: NativeOptions = plain(call, rest, types)
  if (extraCa !== undefined) options.extraCa = pemOf(extraCa)
  return options
}

function plain(call: string, given: object, types: Types): object {
  const options = {}
  for (const [name, value] of Object.entries(given)) {
    const wanted = Object.hasOwn(types, name) ? types[name] : undefined
    if (!wanted) throw badArgument(name, `${call} has no option ${name}`)
    if (value === undefined) continue
    if (typeof value !== wanted) throw badArgument(name, `${name} must be a ${wanted}, not ${kindOf(value)}`)
    Object.assign(options, { [name]: value })
  }
  return options
}

function textOrSecret(name: string, value: unknown): NativeSecret | undefined {
  return typeof value === 'string' ? native.NativeSecret.fromText(value) : bytesOrSecret(name, value)
}

function bytesOrSecret(name: string, value: unknown): NativeSecret | undefined {
  if (value === undefined) return undefined
  if (value instanceof Secret) return nativeOf(value).copy() // the caller may dispose of it
  const fault = notTakeable(value)
  if (fault) throw badArgument(name, `${name} must be a Uint8Array or a Secret, not ${fault}`)
  return native.NativeSecret.take(value as Uint8Array)
}

function pemOf(value: unknown): string {
  if (typeof value === 'string') return value
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8')
  throw badArgument('extraCa', `extraCa must be a PEM text or buffer, not ${kindOf(value)}`)
}
