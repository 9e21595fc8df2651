// Requests to an app, written the way Composio writes them.
import type { Keylatch } from '../client'
import { badArgument } from '../errors'
import type { Json } from '../model'
import type { Response } from '../response'

/** A query parameter or a header of a request. */
export interface Parameter {
  /** Where it stands. */
  in: 'query' | 'header'
  /** Its name. */
  name: string
  /** Its value. */
  value: string | number | boolean
}

/** A request to an app over a connection. */
export interface ProxyRequest {
  /** The connection. */
  connectedAccountId: string
  /** Path below the app's base URL, or a whole URL on the same origin. */
  endpoint: string
  /** HTTP method. */
  method: string
  /** Query parameters and headers. */
  parameters?: readonly Parameter[] | undefined
  /** A body: text or bytes as they are, anything else as JSON. */
  body?: unknown
  /** Stops the call. */
  signal?: AbortSignal | undefined
}

/** @internal */
export async function proxied(client: Promise<Keylatch>, call: string, given: ProxyRequest): Promise<Response> {
  const { connectedAccountId, endpoint, method, parameters = [], body, ...rest } = given
  if (typeof connectedAccountId !== 'string' || connectedAccountId === '') {
    throw badArgument('connected_account_id', `${call} needs a connectedAccountId`)
  }
  const pairs = (place: string): [string, string | number | boolean][] =>
    parameters.filter((each) => each.in === place).map(({ name, value }) => [name, value])
  const [query, headers] = [pairs('query'), pairs('header')]
  if (query.length + headers.length !== parameters.length) {
    throw badArgument('parameters', `${call}: each of the parameters is in 'query' or in 'header'`)
  }
  const asItIs = typeof body === 'string' || body instanceof Uint8Array
  const sent = asItIs ? { body } : { json: body ?? undefined }
  return (await client).request({ ...rest, connectedAccountId, path: endpoint, method, query, headers, ...sent })
}

/**
 * The body of an app's answer: parsed where it is JSON, else as text.
 *
 * @internal
 */
export function bodyOf(response: Response): Json {
  const text = response.text()
  try {
    return JSON.parse(text) as Json
  } catch {
    return text
  }
}
