// `Composio`: the calls of Composio's current SDK.
import { asOptions } from '../../calls'
import { Backend, type BackendOptions } from '../backend'
import { ConnectedAccountsV3 } from './accounts'
import { AuthConfigs } from './auth-configs'
import { Toolkits } from './toolkits'
import { Tools } from './tools'

/** How to make a `Composio`. */
export interface ComposioConfig extends BackendOptions {
  /** The same as `baseUrl`. */
  baseURL?: string | undefined
  /** Taken and not needed: nothing is ever tracked. */
  allowTracking?: boolean | undefined
  /** Taken and not needed: no newer version is ever looked for. */
  disableVersionCheck?: boolean | undefined
}

/**
 * What a program written for Composio's SDK calls, on a local vault or on Composio's API. Making one asks nothing and
 * opens nothing; the first call does.
 *
 * @example
 * ```ts
 * const composio = new Composio()
 * const { id } = await composio.authConfigs.create('stripe', { type: 'use_custom_auth', authScheme: 'API_KEY' })
 * const request = await composio.connectedAccounts.initiate('user-1', id, {
 *   config: AuthScheme.APIKey({ api_key: buffer }),
 * })
 * request.status // 'ACTIVE'
 * ```
 */
export class Composio {
  /** What can be connected. */
  readonly toolkits: Toolkits
  /** The developer's configurations of toolkits. */
  readonly authConfigs: AuthConfigs
  /** The connections of all users. */
  readonly connectedAccounts: ConnectedAccountsV3
  /** What can be done over connections. */
  readonly tools: Tools
  readonly #backend: Backend

  /** @throws InvalidArgumentError for options that cannot be. */
  constructor(config?: ComposioConfig) {
    const { baseURL, allowTracking: _, disableVersionCheck: __, ...options } = asOptions('Composio', config)
    const { baseUrl = baseURL, ...rest } = options
    this.#backend = new Backend({ ...rest, baseUrl })
    this.toolkits = new Toolkits(this.#backend)
    this.authConfigs = new AuthConfigs(this.#backend)
    this.connectedAccounts = new ConnectedAccountsV3(this.#backend)
    this.tools = new Tools(this.#backend)
  }

  /** Closes what this has opened; a client of yours stays open. */
  close(): Promise<void> {
    return this.#backend.close()
  }
}
