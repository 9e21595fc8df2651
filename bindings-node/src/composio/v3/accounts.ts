// `composio.connectedAccounts`: the connections of all users.
import type { ConnectionFilter } from '../../accounts'
import { asOptions, type CallOptions } from '../../calls'
import type { Verdict } from '../../errors'
import type { InitiateOptions } from '../../initiate'
import type { AuthScheme, Connection, Status } from '../../model'
import type { Backend } from '../backend'
import { holding, userOf } from '../input'
import { narrowed } from '../listing'
import { credentialsOf, type ConnectionData } from './auth-scheme'
import { ConnectionRequestV3 } from './connection-request'

/** A connection, with the members that programs for Composio read. It never carries the credential. */
export interface ConnectedAccountV3 {
  /** The connected account's id, `ca_…`. */
  readonly id: string
  /** The app. */
  readonly toolkit: { readonly slug: string }
  /** The auth config it belongs to. */
  readonly authConfig: {
    readonly id: string
    readonly authScheme: AuthScheme
    readonly isComposioManaged: false
    readonly isDisabled: false
  }
  /** The application's user whose connection it is. */
  readonly userId: string
  /** Where it stands. */
  readonly status: Status
  /** Always `null`; `verdict` tells more. */
  readonly statusReason: null
  /** Whether it is switched off. */
  readonly isDisabled: boolean
  /** The application's own name for it. */
  readonly alias: string | null
  /** When it was made (RFC 3339, UTC). */
  readonly createdAt: string
  /** When it was last changed (RFC 3339, UTC). */
  readonly updatedAt: string
  /** Always empty: credentials are not given back. */
  readonly data: { readonly [name: string]: never }
  /** Always empty: credentials are not given back. */
  readonly params: { readonly [name: string]: never }
  /** What the provider said last. */
  readonly verdict: Verdict
  /** Whose account it is, where the provider tells. */
  readonly account?: string
}

/** A user's credentials, and what goes with them. */
export interface InitiateV3 extends Pick<
  InitiateOptions,
  'callbackUrl' | 'labels' | 'metadata' | 'verify' | 'replace'
> {
  /** The credentials, from `AuthScheme`. */
  config?: ConnectionData | undefined
  /** Make another connection although the user has an active one with the auth config. Default: no. */
  allowMultiple?: boolean | undefined
  /** The application's name for the connection. */
  alias?: string | undefined
}

/** Which connections to list; all that is given must hold. */
export interface AccountFilterV3 {
  /** Of these users. */
  userIds?: readonly string[] | undefined
  /** To these apps, in any case. */
  toolkitSlugs?: readonly string[] | undefined
  /** With these auth configs. */
  authConfigIds?: readonly string[] | undefined
  /** In one of these states. Default: any but INACTIVE. */
  statuses?: readonly Status[] | undefined
  /** How many on a page, 1 to 500. Default: 50. */
  limit?: number | undefined
  /** `nextCursor` of the page before. */
  cursor?: string | undefined
}

/** One page of connections, newest first. */
export interface AccountPageV3 {
  /** This page. */
  readonly items: readonly ConnectedAccountV3[]
  /** Give it back as `cursor` for the next page; `null` on the last. */
  readonly nextCursor: string | null
}

/** The connections of all users. */
export class ConnectedAccountsV3 {
  readonly #backend: Backend

  /** @internal */
  constructor(backend: Backend) {
    this.#backend = backend
  }

  /**
   * Checks the input, asks the provider, stores the credentials and answers ACTIVE.
   *
   * @example
   * ```ts
   * const request = await composio.connectedAccounts.initiate('user-1', authConfigId, {
   *   config: AuthScheme.APIKey({ api_key: buffer }), // zeros from here on
   * })
   * ```
   * @throws InvalidArgumentError for a config whose credentials are not in `val`; AlreadyExistsError where the user has an
   *   active connection with the auth config; and what Keylatch's own `initiateConnection` throws.
   */
  async initiate(
    userId: string,
    authConfigId: string,
    options?: InitiateV3,
    { signal }: CallOptions = {},
  ): Promise<ConnectionRequestV3> {
    const { config, ...rest } = asOptions('initiate', options)
    const { authScheme, params } = credentialsOf(config)
    return holding([params], async ([connectionParams]) => {
      const entityId = userOf('initiate', 'a userId', userId)
      const client = await this.#backend.client()
      const ask = { ...rest, entityId, integrationId: authConfigId, authScheme, connectionParams, signal }
      return new ConnectionRequestV3(await client.initiateConnection(ask), (id, timeout) =>
        this.waitForConnection(id, timeout),
      )
    })
  }

  /**
   * The connection, once it is ACTIVE: with keys and tokens at once.
   *
   * @param timeout - How long to wait at most, in milliseconds. Default: 60 000.
   * @throws TimeoutError; InvalidArgumentError at once for a status that waiting does not change; NotFoundError
   */
  async waitForConnection(id: string, timeout: number = 60_000): Promise<ConnectedAccountV3> {
    const { connectedAccounts } = await this.#backend.client()
    return accountOf(await connectedAccounts.waitUntilActive({ connectedAccountId: id, timeoutMs: timeout }))
  }

  /**
   * The connection of this id.
   *
   * @throws NotFoundError
   */
  async get(id: string, options?: CallOptions): Promise<ConnectedAccountV3> {
    const { connectedAccounts } = await this.#backend.client()
    return accountOf(await connectedAccounts.get({ ...options, connectedAccountId: id }))
  }

  /**
   * One page of the connections that fit, newest first. A page may be shorter than `limit` although there are more.
   *
   * @throws InvalidArgumentError for a limit or cursor that cannot be; UnknownAppError
   */
  async list(query?: AccountFilterV3, { signal }: CallOptions = {}): Promise<AccountPageV3> {
    const { userIds, toolkitSlugs, authConfigIds, statuses, ...paging } = asOptions('connectedAccounts.list', query)
    const { connectedAccounts } = await this.#backend.client()
    const { filter, fits } = narrowed({
      users: userIds ?? [],
      apps: toolkitSlugs ?? [],
      integrations: authConfigIds ?? [],
      ids: [],
      statuses: statuses ?? [],
      switchedOff: false,
    })
    const ask: ConnectionFilter = { ...paging, ...filter, signal }
    for (;;) {
      const page = await connectedAccounts.list(ask)
      const items = page.items.filter(fits).map(accountOf)
      if (items.length > 0 || page.nextCursor === undefined) return { items, nextCursor: page.nextCursor ?? null }
      ask.cursor = page.nextCursor
    }
  }

  /**
   * Switches a connection on.
   *
   * @throws NotFoundError; InvalidArgumentError where it is neither ACTIVE nor INACTIVE.
   */
  async enable(id: string, options?: CallOptions): Promise<{ success: boolean }> {
    await (await this.#backend.client()).connectedAccounts.enable({ ...options, connectedAccountId: id })
    return { success: true }
  }

  /**
   * Switches a connection off: it stays, but is not used.
   *
   * @throws NotFoundError
   */
  async disable(id: string, options?: CallOptions): Promise<{ success: boolean }> {
    await (await this.#backend.client()).connectedAccounts.disable({ ...options, connectedAccountId: id })
    return { success: true }
  }

  /** The same as `enable` or `disable`. */
  updateStatus(id: string, { enabled }: { enabled: boolean }, options?: CallOptions): Promise<{ success: boolean }> {
    return enabled ? this.enable(id, options) : this.disable(id, options)
  }

  /**
   * Deletes a connection and its credentials.
   *
   * @throws NotFoundError
   */
  async delete(id: string, options?: CallOptions): Promise<{ success: boolean }> {
    await (await this.#backend.client()).connectedAccounts.delete({ ...options, connectedAccountId: id })
    return { success: true }
  }
}

function accountOf(connection: Connection): ConnectedAccountV3 {
  const { id, app, authScheme, integrationId, entityId, status, alias, createdAt, updatedAt, verdict } = connection
  return {
    id,
    toolkit: { slug: app },
    authConfig: { id: integrationId, authScheme, isComposioManaged: false, isDisabled: false },
    userId: entityId,
    status,
    statusReason: null,
    isDisabled: status === 'INACTIVE',
    alias: alias ?? null,
    createdAt,
    updatedAt,
    data: {},
    params: {},
    verdict,
    ...(connection.account === undefined ? {} : { account: connection.account }),
  }
}
