// One call to the core: arguments and credential values in, plain data or an error out, stopped by an `AbortSignal`.
import { native, type NativeCancel, type NativeNews, type NativeSecret, type NativeUpload, type Outcome } from './addon'
import { answers, outcomeOf } from './answers'
import { badArgument, errorOf, type ErrorDetails, type Upstream } from './errors'
import type { Expired } from './model'
import { camelKeys, snakeKeys } from './names'
import type { NativeOpening } from './options'
import { nativeParams } from './params'
import { kindOf } from './secret'

/** What every call takes. */
export interface CallOptions {
  /**
   * Stops the call; the signal's reason is thrown. A request that was already sent may still have acted: after stopping
   * `initiateConnection`, look for the connection before you try again.
   */
  signal?: AbortSignal | undefined
}

/**
 * What a call takes beside its arguments.
 *
 * @internal
 */
interface Payload {
  /** The option that holds credential values, and the values. */
  params?: [name: string, values: unknown]
  body?: Uint8Array | undefined
}

/** Begins a call, for what it comes to. */
type Start = (cancel?: NativeCancel) => Promise<Outcome> | Outcome

/**
 * What a call answers: plain data with the wire's names, the body of an app's answer, and what `dsn` gives out.
 *
 * @internal
 */
export interface Answer<T> {
  value: T
  body: Buffer | undefined
  secret: NativeSecret | undefined
}

/**
 * The calls of one client.
 *
 * @internal
 */
export class Calls {
  readonly #client = new native.NativeClient()
  #news: NativeNews | undefined
  #onExpired: ((expired: Expired) => unknown) | undefined

  /** Opens the vault or the project. */
  async open({ options, key, passphrase, token, apiKey, onExpired }: NativeOpening): Promise<void> {
    if (onExpired) this.#news = new native.NativeNews()
    this.#onExpired = onExpired
    settle(await outcomeOf(this.#client.open(answers, options, key, passphrase, token, apiKey, this.#news)))
  }

  /** Closes the client. */
  async close(): Promise<void> {
    settle(await outcomeOf(this.#client.close(answers)))
  }

  /** Makes a call. Bytes in the payload are taken before this returns its Promise, however the call ends. */
  async make<T>(name: string, options: object, payload: Payload = {}): Promise<Answer<T>> {
    const params = payload.params && nativeParams(...payload.params)
    const { signal, ...args } = options as CallOptions
    const json = argumentsJson(name, args)
    const start: Start = (cancel) => outcomeOf(this.#client.call(answers, name, json, params, payload.body, cancel))
    const outcome = await this.#settled(signal, start)
    return { value: JSON.parse(outcome.json ?? 'null') as T, body: outcome.body, secret: outcome.secret }
  }

  /** Makes a `request_stream`; `why` may know better what went wrong. */
  async stream(
    options: object,
    body: Uint8Array | undefined,
    upload: NativeUpload | undefined,
    why: (call: Promise<Outcome> | Outcome) => Promise<Outcome>,
  ): Promise<Outcome> {
    const { signal, ...args } = options as CallOptions
    const json = argumentsJson('requestStream', args)
    const start: Start = (cancel) => why(outcomeOf(this.#client.stream(answers, json, body, upload, cancel)))
    return this.#settled(signal, start)
  }

  /** What a call came to; throws where that is an error. */
  async #settled(signal: AbortSignal | undefined, start: Start): Promise<Outcome> {
    try {
      return settle(signal === undefined ? await start() : await stoppable(signal, start))
    } finally {
      this.#tell()
    }
  }

  /** Tells of connections that have expired; what the listener throws is nobody's answer, and so is uncaught. */
  #tell(): void {
    for (const expired of this.#news?.take() ?? []) {
      queueMicrotask(() => void this.#onExpired?.(expired as Expired))
    }
  }

  /** Makes a call and gives its value alone. */
  async value<T>(name: string, options: object, payload?: Payload): Promise<T> {
    return (await this.make<T>(name, options, payload)).value
  }
}

/**
 * The options of a call that takes one name or id: `'x'` is short for `{ [name]: 'x' }`.
 *
 * @internal
 */
export function named(name: string, which: unknown): object {
  if (typeof which === 'object' && which !== null) return which
  return { [name]: which }
}

/**
 * Options as an object; `undefined` counts as none.
 *
 * @internal
 */
export function asOptions<T extends object>(call: string, options: T | undefined): T {
  if (options === undefined) return {} as T
  if (typeof options === 'object' && options !== null && !Array.isArray(options)) return options
  throw badArgument('options', `${call} takes an object of options, not ${kindOf(options)}`)
}

function argumentsJson(name: string, args: object): string {
  try {
    return JSON.stringify(snakeKeys(args))
  } catch {
    // The engine's own message quotes the object.
    throw badArgument('options', `${name}: an argument cannot be written as JSON (a cycle, or a BigInt)`)
  }
}

/**
 * What a call came to; throws where that is an error.
 *
 * @internal
 */
export function settle(outcome: Outcome): Outcome {
  if (outcome.error === undefined) return outcome
  const details = camelKeys<ErrorDetails>(JSON.parse(outcome.error) as object)
  if (details.upstream) details.upstream = camelKeys<Upstream>(details.upstream)
  throw errorOf(details)
}

/** Makes a call that the signal stops; its reason is thrown then. */
async function stoppable(signal: AbortSignal, start: Start): Promise<Outcome> {
  if (typeof signal?.addEventListener !== 'function') {
    throw badArgument('signal', `signal must be an AbortSignal, not ${kindOf(signal)}`)
  }
  signal.throwIfAborted()
  const cancel = new native.NativeCancel()
  const stop = (): void => cancel.cancel()
  signal.addEventListener('abort', stop, { once: true })
  try {
    const outcome = await start(cancel)
    if (signal.aborted && outcome.error !== undefined) {
      const { code } = JSON.parse(outcome.error) as { code: string }
      if (code === 'cancelled') throw signal.reason
    }
    return outcome
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
