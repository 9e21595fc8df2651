// Requests to an app through a connection: the options a host writes, as the core's call takes them.
import { asOptions, type CallOptions, type Calls } from './calls'
import { badArgument } from './errors'
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
  /** Longest time in milliseconds, to the last byte. Default: the client's `timeoutMs`. */
  timeoutMs?: number | undefined
}

/**
 * Sends a request.
 *
 * @internal
 */
export async function request(calls: Calls, given: RequestOptions): Promise<Response> {
  const { json, body, query, headers, ...args } = asOptions('request', given)
  if (json !== undefined && body !== undefined) throw badArgument('body', 'give json or body, not both')
  const sent = json === undefined ? bytesOf(body) : bytesOf(jsonText(json))
  const sentHeaders = pairs(headers)
  const { value, body: received } = await calls.make<{ status: number; headers: [string, string][] }>(
    'request',
    { ...args, query: pairs(query), headers: json === undefined ? sentHeaders : withContentType(sentHeaders) },
    { body: sent },
  )
  return new Response(value.status, value.headers, received ?? Buffer.alloc(0))
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

function bytesOf(body: unknown): Uint8Array | undefined {
  if (body === undefined) return undefined
  if (typeof body === 'string') return Buffer.from(body, 'utf8')
  if (body instanceof Uint8Array) {
    // What another thread may change while it is copied must not reach the native side.
    return body.buffer instanceof ArrayBuffer ? body : Uint8Array.from(body)
  }
  throw badArgument('body', `body must be a string or a Uint8Array, not ${kindOf(body)}`)
}
