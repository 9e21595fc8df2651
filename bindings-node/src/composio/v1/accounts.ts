// `client.connectedAccounts`: the connections of all users.
import { asOptions, type CallOptions } from '../../calls'
import type { ConnectionRequest } from '../../connection-request'
import type { Verify } from '../../initiate'
import type { Connection } from '../../model'
import type { Params } from '../../params'
import type { Backend } from '../backend'
import { holding, userOf } from '../input'
import { narrowed } from '../listing'
import { initiate, type InitiateV1 } from './initiate'
import { pageOf, type PageV1, type Paging } from './pages'

/** A connection, with the members that programs for Composio read. It never carries the credential. */
export interface ConnectedAccountV1 extends Connection {
  /** The same as `app`. */
  readonly appName: string
  /** The same as `app`. */
  readonly appUniqueId: string
  /** The same as `entityId`. */
  readonly clientUniqueUserId: string
  /** Whether it is switched off. */
  readonly isDisabled: boolean
  /** Whether it is not switched off. */
  readonly enabled: boolean
  /** Always empty: credentials are not given back. */
  readonly connectionParams: { readonly [name: string]: never }
}

/** Which connections to list; all that is given must hold. Several values of a kind are separated by commas. */
export interface AccountFilterV1 extends Paging, CallOptions {
  /** Of these users. */
  entityId?: string | undefined
  /** The same as `entityId`. */
  user_uuid?: string | undefined
  /** To these apps, in any case. */
  appNames?: string | undefined
  /** To these apps. */
  appUniqueKeys?: readonly string[] | undefined
  /** With this integration. */
  integrationId?: string | undefined
  /** Of this id. */
  connectionId?: string | undefined
  /** With all of these labels. */
  labels?: string | undefined
  /** In these states. */
  status?: string | undefined
  /** Only those that are ACTIVE. Default: no. */
  showActiveOnly?: boolean | undefined
  /** Those too that are switched off. Default: no. */
  showDisabled?: boolean | undefined
}

/** One connection. */
export type AccountIdV1 = { connectedAccountId: string } & CallOptions

/** A connection and its new credentials. */
export interface ReinitiateV1 extends CallOptions {
  /** The connection. */
  connectedAccountId: string
  /** What the user typed, by wire name. Fields that are not given keep their values. */
  data: Params
  /** Taken and not needed: keys and tokens redirect nobody. */
  redirectUri?: string | undefined
  /** Whether to ask the provider. Default: `auto`. */
  verify?: Verify | undefined
}

/** The connections of all users. */
export class ConnectedAccountsV1 {
  readonly #backend: Backend
  readonly #entityId: string | undefined

  /** @internal */
  constructor(backend: Backend, entityId: string | undefined) {
    this.#backend = backend
    this.#entityId = entityId
  }

  /**
   * Checks the input, asks the provider, stores the credentials and answers ACTIVE.
   *
   * @example
   * ```ts
   * const request = await toolset.connectedAccounts.initiate({
   *   integrationId, entityId: 'user-1', authMode: 'API_KEY', connectionParams: { api_key: buffer },
   * })
   * request.connectionStatus // 'ACTIVE'
   * ```
   * @throws InvalidArgumentError where neither the call nor the toolset has an `entityId`; and what Keylatch's own
   *   `initiateConnection` throws.
   */
  async initiate(options: InitiateV1 & { entityId?: string | undefined }): Promise<ConnectionRequest> {
    const { entityId, ...rest } = asOptions('connectedAccounts.initiate', options)
    const place = 'entityId, here or to the toolset'
    return initiate(this.#backend, rest, () => userOf('connectedAccounts.initiate', place, entityId, this.#entityId))
  }

  /**
   * The connection of this id.
   *
   * @throws NotFoundError
   */
  async get(options: AccountIdV1): Promise<ConnectedAccountV1> {
    return accountOf(await (await this.#backend.client()).connectedAccounts.get(options))
  }

  /** The connections that fit, newest first. */
  async list(options?: AccountFilterV1): Promise<PageV1<ConnectedAccountV1>> {
    const { page, pageSize, signal, ...given } = asOptions('connectedAccounts.list', options)
    const { user_uuid, entityId = user_uuid, appNames, appUniqueKeys = [], connectionId, integrationId } = given
    const { labels, status, showActiveOnly, showDisabled } = given
    const client = await this.#backend.client()
    const { filter, fits } = narrowed({
      users: split(entityId),
      apps: [...split(appNames), ...appUniqueKeys],
      integrations: split(integrationId),
      ids: split(connectionId),
      statuses: showActiveOnly ? ['ACTIVE'] : split(status),
      switchedOff: showDisabled ?? false,
    })
    const found: ConnectedAccountV1[] = []
    for await (const each of client.connectedAccounts.iterate({
      ...filter,
      labels: split(labels),
      limit: 500,
      signal,
    })) {
      if (fits(each)) found.push(accountOf(each))
    }
    return pageOf(found, { page, pageSize })
  }

  /**
   * Puts new credentials in the place of a connection's present ones.
   *
   * @throws What Keylatch's own `updateCredentials` throws; the present credentials stay then.
   */
  async reinitiateConnection(options: ReinitiateV1): Promise<ConnectionRequest> {
    const { data, redirectUri: _, ...rest } = asOptions('reinitiateConnection', options)
    return holding([data], async ([values = {}]) => {
      const client = await this.#backend.client()
      return client.connectedAccounts.updateCredentials({ ...rest, connectionParams: values })
    })
  }

  /**
   * Switches a connection on.
   *
   * @throws NotFoundError; InvalidArgumentError where it is neither ACTIVE nor INACTIVE.
   */
  async enable(options: AccountIdV1): Promise<{ status: string }> {
    await (await this.#backend.client()).connectedAccounts.enable(options)
    return { status: 'success' }
  }

  /**
   * Switches a connection off: it stays, but is not used.
   *
   * @throws NotFoundError
   */
  async disable(options: AccountIdV1): Promise<{ status: string }> {
    await (await this.#backend.client()).connectedAccounts.disable(options)
    return { status: 'success' }
  }

  /**
   * Deletes a connection and its credentials.
   *
   * @throws NotFoundError
   */
  async delete(options: AccountIdV1): Promise<{ status: string; count: number }> {
    await (await this.#backend.client()).connectedAccounts.delete(options)
    return { status: 'success', count: 1 }
  }
}

/** @internal */
export function accountOf(connection: Connection): ConnectedAccountV1 {
  const { app, entityId, status } = connection
  const isDisabled = status === 'INACTIVE'
  const names = { appName: app, appUniqueId: app, clientUniqueUserId: entityId }
  return { ...connection, ...names, isDisabled, enabled: !isDisabled, connectionParams: {} }
}

function split(list: string | undefined): string[] {
  return (list ?? '').split(',').flatMap((each) => each.trim() || [])
}
