// `composio.tools`: what can be done over connections.
import { asOptions, type CallOptions } from '../../calls'
import type { Json } from '../../model'
import type { Backend } from '../backend'
import { userOf } from '../input'
import { outcomeOf, type ActionOutcome } from '../outcome'
import { bodyOf, proxied, type ProxyRequest } from '../proxy'

/** What a tool takes, and whose connection to use. */
export interface ExecuteTool {
  /** Whose connection to the tool's app to use. */
  userId?: string | undefined
  /** The connection to use, instead of the user's only one. */
  connectedAccountId?: string | undefined
  /** What the tool takes. */
  arguments?: Readonly<Record<string, unknown>> | undefined
  /** Taken and not needed: there is one version. */
  version?: string | undefined
  /** Taken and not needed: there is one version. */
  dangerouslySkipVersionCheck?: boolean | undefined
}

/** What an app answered. */
export interface ProxyAnswer {
  /** HTTP status. */
  readonly status: number
  /** The body: parsed where it is JSON, else as text. */
  readonly data: Json
  /** Headers, names in lower case. */
  readonly headers: { readonly [name: string]: string }
}

/** What can be done over connections. */
export class Tools {
  readonly #backend: Backend

  /** @internal */
  constructor(backend: Backend) {
    this.#backend = backend
  }

  /**
   * Does what a tool says. A failure of the app is an answer with `successful` false.
   *
   * @example
   * ```ts
   * const { successful, data, error } = await composio.tools.execute('STRIPE_RETRIEVE_BALANCE', { userId: 'user-1' })
   * ```
   * @throws InvalidArgumentError where nobody says whose connection, and for a tool that does not exist;
   *   MissingFieldsError, UnknownFieldError, InvalidFieldError for `arguments`; NotFoundError
   */
  async execute(slug: string, body: ExecuteTool, { signal }: CallOptions = {}): Promise<ActionOutcome> {
    const {
      userId,
      arguments: params,
      version: _,
      dangerouslySkipVersionCheck: __,
      ...rest
    } = asOptions('execute', body)
    const entityId =
      rest.connectedAccountId === undefined ? userOf('execute', 'userId or connectedAccountId', userId) : userId
    const client = await this.#backend.client()
    return outcomeOf(client, { ...rest, action: slug, params, entityId, signal })
  }

  /**
   * Sends a request to the app with the user's credential in it. Any status is an answer, not an error.
   *
   * @example
   * ```ts
   * const { status, data } = await composio.tools.proxyExecute({
   *   connectedAccountId, endpoint: '/v1/customers', method: 'GET',
   *   parameters: [{ in: 'query', name: 'limit', value: 3 }],
   * })
   * ```
   * @throws What Keylatch's own `request` throws.
   */
  async proxyExecute(request: ProxyRequest, { signal }: CallOptions = {}): Promise<ProxyAnswer> {
    const ask = { signal, ...asOptions('proxyExecute', request) }
    const response = await proxied(this.#backend.client(), 'proxyExecute', ask)
    return { status: response.status, data: bodyOf(response), headers: response.headers.toJSON() }
  }
}
