// The toolsets of the page: a client with a user of its own.
import type { AppsV1 } from './apps'
import { executeAction, type ActionsV1, type ExecuteActionV1 } from './actions'
import type { ConnectedAccountsV1 } from './accounts'
import { ClientV1 } from './client'
import type { EntityV1 } from './entity'
import type { IntegrationsV1 } from './integrations'
import { asOptions } from '../../calls'
import { Backend, type BackendOptions } from '../backend'
import type { ActionOutcomeV1 } from './actions'

/** How to make a toolset. */
export interface ToolSetOptions extends BackendOptions {
  /** The user whom calls without an `entityId` are for. Default: none, so that such calls are refused. */
  entityId?: string | undefined
  /** By app, the connection that `executeAction` uses where it is told of none. */
  connectedAccountIds?: Readonly<Record<string, string>> | undefined
}

/**
 * What a program written for Composio's toolset calls, on a local vault or on Composio's API. Making one asks nothing and
 * opens nothing; the first call does.
 *
 * @example
 * ```ts
 * const toolset = new OpenAIToolSet()
 * const entity = await toolset.getEntity('user-1')
 * const request = await entity.initiateConnection({ appName: 'stripe', connectionParams: { api_key: buffer } })
 * request.connectionStatus // 'ACTIVE'
 * ```
 */
export class ComposioToolSet {
  /** Everything that is not about one user. */
  readonly client: ClientV1
  /** The user whom calls without an `entityId` are for. */
  readonly entityId: string | undefined
  readonly #backend: Backend
  readonly #accounts: Readonly<Record<string, string>>

  /** @throws InvalidArgumentError for options that cannot be. */
  constructor(options?: ToolSetOptions) {
    const { entityId, connectedAccountIds, ...backend } = asOptions('a toolset', options)
    this.#backend = new Backend(backend)
    this.#accounts = connectedAccountIds ?? {}
    this.entityId = entityId
    this.client = new ClientV1(this.#backend, entityId)
  }

  /** The same as `client.apps`. */
  get apps(): AppsV1 {
    return this.client.apps
  }
  /** The same as `client.integrations`. */
  get integrations(): IntegrationsV1 {
    return this.client.integrations
  }
  /** The same as `client.connectedAccounts`. */
  get connectedAccounts(): ConnectedAccountsV1 {
    return this.client.connectedAccounts
  }
  /** The same as `client.actions`. */
  get actions(): ActionsV1 {
    return this.client.actions
  }

  /**
   * The user of this id, or the toolset's own. Nothing is asked or stored; `await` it or not.
   *
   * @throws InvalidArgumentError where there is neither.
   */
  getEntity(id?: string): EntityV1 {
    return this.client.getEntity(id)
  }

  /**
   * Does what an action says, over `connectedAccountId` or the user's newest connection to the action's app.
   *
   * @example
   * ```ts
   * const { successful, data, error } = await toolset.executeAction({
   *   action: 'STRIPE_CREATE_CUSTOMER', params: { name: 'Ada' }, entityId: 'user-1',
   * })
   * ```
   * @throws InvalidArgumentError where nobody says whose connection; MissingFieldsError, UnknownFieldError,
   *   InvalidFieldError for `params`; NotFoundError. A failure of the app is an answer with `successful` false.
   */
  async executeAction(options: ExecuteActionV1): Promise<ActionOutcomeV1> {
    const given = asOptions('executeAction', options)
    const ask = { ...given, connectedAccountId: given.connectedAccountId ?? this.#accountFor(given) }
    return executeAction(this.#backend, 'executeAction', ask, this.entityId)
  }

  /** Closes what this has opened; a client of yours stays open. */
  close(): Promise<void> {
    return this.#backend.close()
  }

  /** The connection that the toolset was given for the action's app; the longest name that fits is the app's. */
  #accountFor({ actionName, action = actionName }: ExecuteActionV1): string | undefined {
    const fits = (app: string): boolean => String(action).toLowerCase().startsWith(`${app.toLowerCase()}_`)
    const [longest] = Object.keys(this.#accounts)
      .filter(fits)
      .sort((a, b) => b.length - a.length)
    return longest === undefined ? undefined : this.#accounts[longest]
  }
}

/** The same as `ComposioToolSet`, under the name that the page uses. */
export class OpenAIToolSet extends ComposioToolSet {}
