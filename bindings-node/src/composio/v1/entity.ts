// An entity: one of the application's users.
import { asOptions, type CallOptions } from '../../calls'
import type { ConnectionRequest } from '../../connection-request'
import { badArgument } from '../../errors'
import type { AppOption } from '../../entity'
import type { Backend } from '../backend'
import { SWITCHED_ON } from '../listing'
import { newestOf } from '../newest'
import { accountOf, type ConnectedAccountV1 } from './accounts'
import { executeAction, type ActionOutcomeV1, type ExecuteActionV1 } from './actions'
import { initiate, type InitiateV1 } from './initiate'

/** Credentials of an entity's. */
export interface EntityInitiateV1 extends InitiateV1 {
  /** The entity's own id, where it is given at all. */
  entityId?: string | undefined
  /** Another place for labels and the redirect's address. */
  config?: { labels?: readonly string[] | undefined; redirectUrl?: string | undefined } | undefined
}

/** One of the application's users. */
export class EntityV1 {
  /** The user's id. */
  readonly id: string
  readonly #backend: Backend

  /** @internal */
  constructor(backend: Backend, id: string) {
    this.#backend = backend
    this.id = id
  }

  /**
   * Checks the input, asks the provider, stores the credentials and answers ACTIVE.
   *
   * @example
   * ```ts
   * const entity = await toolset.getEntity('user-1')
   * const request = await entity.initiateConnection({ appName: 'stripe', connectionParams: { api_key: buffer } })
   * ```
   * @throws InvalidArgumentError for another user's `entityId`; and what Keylatch's own `initiateConnection` throws.
   */
  async initiateConnection(options: EntityInitiateV1): Promise<ConnectionRequest> {
    const { config, ...given } = asOptions('initiateConnection', options)
    const ask = { labels: config?.labels, redirectUri: config?.redirectUrl, ...given }
    return initiate(this.#backend, ask, () => {
      if (given.entityId === undefined || given.entityId === this.id) return this.id
      throw badArgument(
        'entity_id',
        'this entity is another user: ask for the entity of that id, or leave entityId out',
      )
    })
  }

  /**
   * This user's newest active connection to an app, or the connection of this id.
   *
   * @throws NotFoundError; InvalidArgumentError for a connection of another user's.
   */
  async getConnection(options: AppOption & { connectedAccountId?: string | undefined }): Promise<ConnectedAccountV1> {
    const { connectedAccountId, ...rest } = asOptions('getConnection', options)
    const client = await this.#backend.client()
    if (connectedAccountId === undefined) {
      const one = client.getEntity(this.id).getConnection(rest)
      return accountOf(await one.catch((error: unknown) => newestOf(client, error, rest.signal)))
    }
    const found = await client.connectedAccounts.get({ connectedAccountId, signal: rest.signal })
    if (found.entityId === this.id) return accountOf(found)
    throw badArgument('connected_account_id', 'this connection is another user’s')
  }

  /** The connections of this user, newest first, without those that are switched off. */
  async getConnections(options?: CallOptions): Promise<ConnectedAccountV1[]> {
    const client = await this.#backend.client()
    const found: ConnectedAccountV1[] = []
    const filter = { entityId: this.id, statuses: SWITCHED_ON, limit: 500, signal: options?.signal }
    for await (const each of client.connectedAccounts.iterate(filter)) found.push(accountOf(each))
    return found
  }

  /**
   * Does what an action says, over this user's connection to its app.
   *
   * @throws What `toolset.executeAction` throws.
   */
  async execute(options: Omit<ExecuteActionV1, 'entityId'>): Promise<ActionOutcomeV1> {
    return executeAction(this.#backend, 'execute', { ...asOptions('execute', options), entityId: this.id })
  }
}
