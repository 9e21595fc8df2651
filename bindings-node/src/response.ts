// What an app answered to a request: status, headers and body.
import { ServerError } from './errors'

/** Headers of an answer, by name without regard to case. */
export class ResponseHeaders implements Iterable<[name: string, value: string]> {
  readonly #pairs: readonly [string, string][]

  /** @internal */
  constructor(pairs: [string, string][]) {
    this.#pairs = pairs
  }

  /** The value; several of one name are joined with a comma. `undefined` where there is none. */
  get(name: string): string | undefined {
    const all = this.getAll(name)
    return all.length === 0 ? undefined : all.join(', ')
  }

  /** All values of one name, as `set-cookie` needs them. */
  getAll(name: string): string[] {
    const wanted = name.toLowerCase()
    return this.#pairs.filter(([found]) => found === wanted).map(([, value]) => value)
  }

  /** Whether there is one of this name. */
  has(name: string): boolean {
    return this.getAll(name).length > 0
  }

  /** Every pair in the order received, names in lower case. */
  *entries(): IterableIterator<[name: string, value: string]> {
    for (const [name, value] of this.#pairs) yield [name, value]
  }

  [Symbol.iterator](): IterableIterator<[name: string, value: string]> {
    return this.entries()
  }

  /** An object of name and value, several values of one name joined with a comma. */
  toJSON(): Record<string, string> {
    return Object.fromEntries(this.#pairs.map(([name]) => [name, this.get(name) ?? '']))
  }

  [Symbol.for('nodejs.util.inspect.custom')](): Record<string, string> {
    return this.toJSON()
  }
}

/**
 * What the app answered. Any status is an answer, not an error. Where the app echoed the credential, `*` stands in its
 * place.
 */
export class Response {
  /** HTTP status. */
  readonly status: number
  /** Headers. */
  readonly headers: ResponseHeaders
  /** The body. */
  readonly body: Buffer
  /** How often the request was sent until this answer came. */
  readonly tries: number

  /** @internal */
  constructor(status: number, headers: [string, string][], body: Buffer, tries: number) {
    this.status = status
    this.headers = new ResponseHeaders(headers)
    this.body = body
    this.tries = tries
  }

  /** Whether the status is 200 to 299. */
  get ok(): boolean {
    return this.status >= 200 && this.status < 300
  }

  /** The body as UTF-8. */
  text(): string {
    return this.body.toString('utf8')
  }

  /**
   * The body as JSON.
   *
   * @throws ServerError where it is not JSON.
   */
  json<T = unknown>(): T {
    try {
      return JSON.parse(this.text()) as T
    } catch {
      throw new ServerError({ code: 'server', message: "the app's answer is not JSON" })
    }
  }
}
