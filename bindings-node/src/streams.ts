// Bodies in pieces: what an app answers, read as it comes, and what it is sent, taken as it goes.
import type { ReadableStream } from 'node:stream/web'
import { native, type NativeCancel, type NativeStream, type NativeUpload, type Outcome } from './addon'
import { answers, outcomeOf } from './answers'
import { asOptions, settle, type Calls } from './calls'
import { badArgument } from './errors'
import { bytesOf, prepared, type RequestOptions } from './requests'
import { ResponseHeaders } from './response'
import { kindOf } from './secret'

/** What can be sent in pieces: a stream of bytes, or an iterable of them, async or not. */
export type Pieces = ReadableStream<Uint8Array> | AsyncIterable<Uint8Array> | Iterable<Uint8Array>

/** A request whose bodies go and come in pieces. */
export interface StreamOptions extends Omit<RequestOptions, 'body'> {
  /**
   * A body as it is; in pieces where it is a stream or an iterable. Such a request is sent once. Apps that take their
   * credential in the body, or a signature over it, take it whole.
   */
  body?: string | Uint8Array | Pieces | undefined
  /** The size of a body in pieces, which some apps demand. Default: it goes in chunks of HTTP's. */
  contentLength?: number | undefined
  /** Most bytes of the answer; 0 is any number. Default: the client's `maxResponseBytes`. */
  maxResponseBytes?: number | undefined
  /**
   * Longest time in milliseconds for all of it, to the last byte. Default: none; the client's `timeoutMs` is how long nothing
   * may move.
   */
  timeoutMs?: number | undefined
}

/**
 * What the app answers, its body read as it comes: `for await (const piece of answer)`, or `answer.body` for whoever takes a
 * `ReadableStream`. Where the app echoes the credential, `*` stands in its place. Left before the end, it closes its connection.
 *
 * Reading throws ProviderUnreachableError, TimeoutError, ClosedError, the reason of the request's `signal`, and what the
 * pieces of the body that is sent throw.
 */
export class ResponseStream implements AsyncIterable<Uint8Array> {
  /** HTTP status. */
  readonly status: number
  /** Headers. */
  readonly headers: ResponseHeaders
  /** How often the request was sent until this answer came. */
  readonly tries: number
  /** The body. To be read once, here or by iterating over the answer. */
  readonly body: ReadableStream<Uint8Array>
  readonly #reading: Reading

  /** @internal */
  constructor(head: Head, reading: Reading) {
    this.status = head.status
    this.headers = new ResponseHeaders(head.headers)
    this.tries = head.tries
    this.#reading = reading
    this.body = reading.body
  }

  /** Whether the status is 200 to 299. */
  get ok(): boolean {
    return this.status >= 200 && this.status < 300
  }

  /** The pieces of the body. Leaving the loop closes the connection. */
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return this.body[Symbol.asyncIterator]()
  }

  /** Lets go of the connection. Closing twice is fine. */
  close(): Promise<void> {
    return this.#reading.close()
  }
}

/** @internal */
interface Head {
  status: number
  headers: [string, string][]
  tries: number
}

/** The native stream as a `ReadableStream`, until its end, an error, or the caller's wish to stop. */
class Reading {
  readonly body: ReadableStream<Uint8Array>
  readonly #native: NativeStream
  readonly #sending: Sending | undefined
  readonly #signal: AbortSignal | undefined
  readonly #stop = (): void => void this.close(this.#signal?.reason)
  #controller!: { error(reason: unknown): void }
  #next: NativeCancel | undefined
  #closed: Promise<void> | undefined

  constructor(stream: NativeStream, sending: Sending | undefined, signal: AbortSignal | undefined) {
    this.#native = stream
    this.#sending = sending
    this.#signal = signal
    // A piece is asked for when somebody wants it.
    // The global one, which Node loads when it is first used.
    this.body = new globalThis.ReadableStream<Uint8Array>(
      {
        start: (controller) => void (this.#controller = controller),
        pull: async (controller) => {
          const piece = await this.#piece()
          if (piece) controller.enqueue(piece)
          else controller.close()
        },
        cancel: () => this.close(),
      },
      { highWaterMark: 0 },
    )
    signal?.addEventListener('abort', this.#stop, { once: true })
    if (signal?.aborted) this.#stop()
  }

  async #piece(): Promise<Uint8Array | undefined> {
    this.#next = new native.NativeCancel()
    try {
      const { body } = settle(await orWhy(outcomeOf(this.#native.next(answers, this.#next)), this.#sending))
      if (!body) await this.close()
      return body
    } catch (error) {
      void this.close()
      throw error
    } finally {
      this.#next = undefined
    }
  }

  /** Ends the request. What is being read fails with this reason, where there is one. */
  close(reason?: unknown): Promise<void> {
    if (this.#closed) return this.#closed
    this.#signal?.removeEventListener('abort', this.#stop)
    if (reason !== undefined) this.#controller.error(reason)
    this.#next?.cancel()
    this.#closed = this.#end()
    return this.#closed
  }

  async #end(): Promise<void> {
    settle(await outcomeOf(this.#native.close(answers)))
  }
}

/** A body on its way to the native side. */
class Sending {
  readonly native: NativeUpload = new native.NativeUpload()
  readonly over: Promise<void>
  /** What the body's own iterator threw. */
  failure: { thrown: unknown } | undefined

  constructor(pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) {
    this.over = this.#send(pieces)
  }

  async #send(pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
    let whole = false
    try {
      for await (const piece of pieces) {
        if (!(piece instanceof Uint8Array)) throw badArgument('body', `body must come as bytes, not ${kindOf(piece)}`)
        if (settle(await outcomeOf(this.native.send(answers, bytesOf(piece)!))).json !== 'true') return
      }
      whole = true
    } catch (thrown) {
      this.failure = { thrown }
    } finally {
      await outcomeOf(this.native.end(answers, whole))
    }
  }
}

/** What comes of a call; where that failed because the body's own iterator threw, what it threw. */
async function orWhy(call: Promise<Outcome> | Outcome, sending: Sending | undefined): Promise<Outcome> {
  const outcome = await call
  if (
    sending &&
    outcome.error !== undefined &&
    (JSON.parse(outcome.error) as { code: string }).code === 'invalid_argument'
  ) {
    await sending.over
    if (sending.failure) throw sending.failure.thrown
  }
  return outcome
}

/**
 * Sends a request, and gives the answer when its head is there.
 *
 * @internal
 */
export async function requestStream(calls: Calls, given: StreamOptions): Promise<ResponseStream> {
  const { body, ...rest } = asOptions('requestStream', given)
  const whole = body === undefined || typeof body === 'string' || body instanceof Uint8Array
  if (!whole && rest.json !== undefined) throw badArgument('body', 'give json or body, not both')
  const [args, bytes] = prepared(whole ? { ...rest, body } : rest)
  const sending = whole ? undefined : new Sending(iterable(body))
  const outcome = await calls.stream(args, bytes, sending?.native, (call) => orWhy(call, sending))
  const head = JSON.parse(outcome.json ?? 'null') as Head
  return new ResponseStream(head, new Reading(outcome.stream!, sending, rest.signal))
}

function iterable(body: Pieces): AsyncIterable<Uint8Array> | Iterable<Uint8Array> {
  if (typeof body === 'object' && body !== null && (Symbol.asyncIterator in body || Symbol.iterator in body))
    return body
  throw badArgument('body', `body must be a string, bytes, a stream or an iterable of bytes, not ${kindOf(body)}`)
}
