// `toolset.client`: apps, integrations, connected accounts, actions and users.
import { ConnectedAccountsV1 } from './accounts'
import { ActionsV1 } from './actions'
import { AppsV1 } from './apps'
import { EntityV1 } from './entity'
import { IntegrationsV1 } from './integrations'
import type { ExpectedParamsOptions } from '../../apps'
import { asOptions } from '../../calls'
import type { ExpectedParams } from '../../model'
import type { Backend } from '../backend'
import { userOf } from '../input'

/** What a toolset's calls are made of. */
export class ClientV1 {
  /** What can be connected. */
  readonly apps: AppsV1
  /** The developer's configurations of apps. */
  readonly integrations: IntegrationsV1
  /** The connections of all users. */
  readonly connectedAccounts: ConnectedAccountsV1
  /** What can be done over connections. */
  readonly actions: ActionsV1
  readonly #backend: Backend
  readonly #entityId: string | undefined

  /** @internal */
  constructor(backend: Backend, entityId: string | undefined) {
    this.#backend = backend
    this.#entityId = entityId
    this.apps = new AppsV1(backend)
    this.integrations = new IntegrationsV1(backend)
    this.connectedAccounts = new ConnectedAccountsV1(backend, entityId)
    this.actions = new ActionsV1(backend, entityId)
  }

  /**
   * The user of this id, or the toolset's own. Nothing is asked or stored; `await` it or not.
   *
   * @throws InvalidArgumentError where there is neither.
   */
  getEntity(id?: string): EntityV1 {
    return new EntityV1(this.#backend, userOf('getEntity', 'an id', id, this.#entityId))
  }

  /**
   * What a user must give, by app and scheme or by integration.
   *
   * @example
   * ```ts
   * const { expectedInputFields, integrationId } = await toolset.client.getExpectedParamsForUser({ app: 'stripe' })
   * ```
   * @throws UnknownAppError, UnsupportedSchemeError, NotFoundError, InvalidArgumentError
   */
  async getExpectedParamsForUser(options: ExpectedParamsOptions & { entityId?: string }): Promise<ExpectedParams> {
    // The fields are the same for every user.
    const { entityId: _, ...rest } = asOptions('getExpectedParamsForUser', options)
    return (await this.#backend.client()).getExpectedParamsForUser(rest)
  }
}
