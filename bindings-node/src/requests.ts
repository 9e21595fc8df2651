// Requests to an app through a connection: the options a host writes, as the core's call takes them.
import { asOptions, type Answer, type CallOptions, type Calls } from './calls'
import { badArgument } from './errors'
import { snakeKeys } from './names'
import { Response } from './response'
import { kindOf } from './secret'

/** Names and values: an object, a list of pairs, or a `URLSearchParams`, `Headers` or `Map`. */
export type Pairs =
  | Readonly<Record<string, string | number | boolean | undefined>>
  | Iterable<readonly [name: string, value: string | number | boolean]>

/** A request to the app, into which Keylatch puts the credential. */
export interface RequestOptions extends CallOptions {
  /** HTTP method. */
  method: string
  /** Below the connection's base URL; a whole URL is taken if it is on the connection's own origin. */
  path: string
  /** Whose connection to use; together with `app`. */
  entityId?: string | undefined
  /** To which app, in any case. */
  app?: string | undefined
  /** The connection to use, instead of `entityId` and `app`. */
  connectedAccountId?: string | undefined
  /** Query parameters. */
  query?: Pairs | undefined
  /** Headers; not those that carry the credential. */
  headers?: Pairs | undefined
  /** A body, sent as JSON with `content-type: application/json` unless `headers` names another. */
  json?: unknown
  /** A body as it is. */
  body?: string | Uint8Array | undefined
  /** Longest time in milliseconds, to the last byte, with all retries and waits. Default: the client's `timeoutMs`. */
  timeoutMs?: number | undefined
  /**
   * How often to send again at most, 0 to 10. Default: 2. GET, HEAD and OPTIONS are sent again after 429, 502, 503, 504 and
   * broken connections, any method where there was no connection. Where an answer told that the app's limit is used up, the
   * next request waits for it; with 0 it does not.
   */
  retry?: number | undefined
}

/** How an app's list goes on. */
export interface Paging {
  /**
   * `link` follows the `Link` header of the answer, on the connection's own origin; `cursor` takes a cursor out of the
   * answer; `page` numbers the pages; `offset` counts the items. Default: `link`.
   */
  by?: 'link' | 'cursor' | 'page' | 'offset' | undefined
  /**
   * The query parameter that chooses the page. Default: `page` or `offset`; a cursor without one is the next page's address.
   */
  query?: string | undefined
  /**
   * JSON pointer to the cursor in the answer; `-` stands for the last item of a list, as in `/data/-/id`. No text or number
   * there, or an empty text, is the end.
   */
  next?: string | undefined
  /** JSON pointer to the list in the answer, which ends where that is empty. Default: the whole answer. */
  items?: string | undefined
  /** JSON pointer to what is `true` as long as there are more pages. */
  more?: string | undefined
  /** Number of the first page, by default 1; or the first offset, by default 0. */
  first?: number | undefined
  /** How many pages at most, 1 to 100 000. Default: 1 000. */
  maxPages?: number | undefined
}

/** A request for the pages of an app's list. */
export interface PagesOptions extends RequestOptions {
  /** How the list goes on. Default: as a `Link` header says. */
  paging?: Paging | undefined
}

/**
 * Sends a request.
 *
 * @internal
 */
export async function request(calls: Calls, given: RequestOptions): Promise<Response> {
  const [args, body] = prepared(asOptions('request', given))
  const answer = await calls.make<Head>('request', args, { body })
  return responseOf(answer)
}

/**
 * Asks for one page after the other.
 *
 * @internal
 */
export async function* requestPages(calls: Calls, given: PagesOptions): AsyncGenerator<Response, void, undefined> {
  const { paging, ...rest } = asOptions('requestPages', given)
  const [args, body] = prepared(rest)
  let cursor: string | undefined
  do {
    const answer = await calls.make<Head>(
      'request_page',
      { ...args, paging: paging && snakeKeys(paging), cursor },
      { body },
    )
    yield responseOf(answer)
    cursor = answer.value.next_cursor
  } while (cursor !== undefined)
}

interface Head {
  status: number
  headers: [string, string][]
  tries: number
  next_cursor?: string
}

function responseOf({ value, body }: Answer<Head>): Response {
  return new Response(value.status, value.headers, body ?? Buffer.alloc(0), value.tries)
}

/**
 * The arguments as the core takes them, and the body apart from them.
 *
 * @internal
 */
export function prepared({
  json,
  body,
  query,
  headers,
  ...args
}: RequestOptions): [args: object, body: Uint8Array | undefined] {
  if (json !== undefined && body !== undefined) throw badArgument('body', 'give json or body, not both')
  const sentHeaders = pairs(headers)
  const whole = {
    ...args,
    query: pairs(query),
    headers: json === undefined ? sentHeaders : withContentType(sentHeaders),
  }
  return [whole, bytesOf(json === undefined ? body : jsonText(json))]
}

/** Pairs as the core takes them. What is neither is left to the core to refuse. */
function pairs(given: Pairs | undefined): unknown {
  if (typeof given !== 'object' || given === null) return given
  return Symbol.iterator in given ? Array.from(given) : Object.entries(given).filter(([, value]) => value !== undefined)
}

function withContentType(headers: unknown): unknown {
  const list = headers ?? []
  if (!Array.isArray(list)) return list
  const named = list.some((pair) => Array.isArray(pair) && String(pair[0]).toLowerCase() === 'content-type')
  return named ? list : [...list, ['content-type', 'application/json']]
}

function jsonText(value: unknown): string {
  try {
    const text = JSON.stringify(value) as string | undefined
    if (text !== undefined) return text
  } catch {
    // Told below: the engine's own message quotes the object.
  }
  throw badArgument('json', 'json cannot be written as JSON')
}

/** @internal */
export function bytesOf(body: unknown): Uint8Array | undefined {
  if (body === undefined) return undefined
  if (typeof body === 'string') return Buffer.from(body, 'utf8')
  if (body instanceof Uint8Array) {
    // What another thread may change while it is copied must not reach the native side.
    return body.buffer instanceof ArrayBuffer ? body : Uint8Array.from(body)
  }
  throw badArgument('body', `body must be a string or a Uint8Array, not ${kindOf(body)}`)
}
