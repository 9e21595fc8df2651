// `client.connectedAccounts`: the connections of all users.
import { asOptions, named, type CallOptions, type Calls } from './calls'
import { ConnectionRequest } from './connection-request'
import { initiate, type InitiateOptions, type Verify } from './initiate'
import { evidenceOf, type Connection, type Page, type Recheck, type Rechecks } from './model'
import type { Status, Verification } from './model'
import { camelKeys } from './names'
import type { Params } from './params'
import { secretOf, type Secret } from './secret'

/** One connection. */
export type ConnectedAccountId = string | ({ connectedAccountId: string } & CallOptions)

/** Which connections to list; all that is given must hold. */
export interface ConnectionFilter extends CallOptions {
  /** Of this user. */
  entityId?: string | undefined
  /** To this app, in any case. */
  app?: string | undefined
  /** With this integration. */
  integrationId?: string | undefined
  /** In one of these states. Default: any. */
  statuses?: readonly Status[] | undefined
  /** With all of these labels. */
  labels?: readonly string[] | undefined
  /** How many on a page, 1 to 500. Default: 50. */
  limit?: number | undefined
  /** `nextCursor` of the page before. */
  cursor?: string | undefined
}

/** Which connections to check again, and how fast; all that is given must hold. */
export interface VerifyAll extends CallOptions {
  /** Only those that were verified longer ago than this many milliseconds, or never. Default: 0, all. */
  olderThanMs?: number | undefined
  /** Of this user. */
  entityId?: string | undefined
  /** To this app, in any case. */
  app?: string | undefined
  /** How many to come by in the whole round, 1 to 100 000. Default: 1 000. */
  limit?: number | undefined
  /** The pause between two checks at the same app in milliseconds, at most 60 000. Default: 200. */
  pauseMs?: number | undefined
}

/** Which connections to check again, and where to go on. */
export interface VerifyDue extends VerifyAll {
  /** `nextCursor` of the batch before. */
  cursor?: string | undefined
}

/** A connection to wait for. */
export interface WaitUntilActive extends CallOptions {
  /** The connection. */
  connectedAccountId: string
  /** How long to wait at most, in milliseconds. Default: 60 000. */
  timeoutMs?: number | undefined
}

/** A name for a connection. */
export interface SetAlias extends CallOptions {
  /** The connection. */
  connectedAccountId: string
  /** The application's name for it, unique per entity and app; `null` or none takes the present one away. */
  alias?: string | null | undefined
}

/** A connection to delete. */
export interface DeleteConnection extends CallOptions {
  /** The connection. */
  connectedAccountId: string
  /** Withdraw the credential at the provider too. Only Composio's API can. Default: no. */
  revoke?: boolean | undefined
}

/** New credentials for a connection. */
export interface UpdateCredentials extends CallOptions {
  /** The connection. */
  connectedAccountId: string
  /** What the user typed, by wire name. Fields that are not given keep their values; bytes are filled with zeros. */
  connectionParams: Params
  /** Whether to ask the provider. Default: `auto`. */
  verify?: Verify | undefined
}

type RawEvidence = { evidence: { status: number | null }[] }

/** The connections of all users. */
export class ConnectedAccounts {
  readonly #calls: Calls

  /** @internal */
  constructor(calls: Calls) {
    this.#calls = calls
  }

  /** The same as `client.initiateConnection`. */
  initiate(options: InitiateOptions): Promise<ConnectionRequest> {
    return initiate(this.#calls, options)
  }

  /**
   * The connection of this id.
   *
   * @throws NotFoundError
   */
  get(account: ConnectedAccountId): Promise<Connection> {
    return this.#connection('connected_accounts.get', account)
  }

  /**
   * One page of the connections that fit, newest first.
   *
   * @throws InvalidArgumentError for a limit or cursor that cannot be; UnknownAppError
   */
  async list(filter?: ConnectionFilter): Promise<Page> {
    const args = asOptions('connectedAccounts.list', filter)
    const raw = await this.#calls.value<{ items: object[] }>('connected_accounts.list', args)
    return { ...camelKeys<Page>(raw), items: raw.items.map((item) => camelKeys(item)) }
  }

  /**
   * All connections that fit, newest first, fetched page by page.
   *
   * @example
   * ```ts
   * for await (const connection of client.connectedAccounts.iterate({ entityId: 'user-1' })) console.log(connection.app)
   * ```
   */
  async *iterate(filter?: ConnectionFilter): AsyncGenerator<Connection, void, undefined> {
    let page = await this.list(filter)
    yield* page.items
    while (page.nextCursor !== undefined) {
      page = await this.list({ ...filter, cursor: page.nextCursor })
      yield* page.items
    }
  }

  /**
   * Asks the provider again: a refusal makes the connection EXPIRED, an acceptance ACTIVE again.
   *
   * @throws NotFoundError, CorruptRecordError, ForbiddenHostError
   */
  async verify(account: ConnectedAccountId): Promise<Verification> {
    const args = named('connectedAccountId', account)
    const raw = await this.#calls.value<RawEvidence>('connected_accounts.verify', args)
    return { ...camelKeys<Verification>(raw), evidence: evidenceOf(raw.evidence) }
  }

  /**
   * One batch of a round that asks the providers again about ACTIVE and EXPIRED connections, about those first that were
   * verified longest ago: one after the other, with a pause between two at the same app. An app that asks to come back later
   * is left alone for as long as it says. A batch is 20 connections at most and takes about a second; go on with its
   * `nextCursor`, or use `verifyAll`.
   *
   * @throws InvalidArgumentError for a limit, pause or cursor that cannot be. A connection that cannot be checked is
   *   `skipped`.
   */
  async verifyDue(due?: VerifyDue): Promise<Rechecks> {
    const args = asOptions('connectedAccounts.verifyDue', due)
    const raw = await this.#calls.value<{ items: object[] }>('connected_accounts.verify_due', args)
    return { ...camelKeys<Rechecks>(raw), items: raw.items.map((item) => camelKeys(item)) }
  }

  /**
   * Asks the providers again, one connection after the other, as `verifyDue` does batch by batch. Leave the loop, or abort
   * the `signal`, to stop.
   *
   * @example
   * ```ts
   * for await (const each of client.connectedAccounts.verifyAll({ olderThanMs: 7 * 86_400_000 })) {
   *   if (each.status !== each.previousStatus) console.log(each.entityId, each.app, each.status)
   * }
   * ```
   */
  async *verifyAll(due?: VerifyAll): AsyncGenerator<Recheck, void, undefined> {
    let batch = await this.verifyDue(due)
    yield* batch.items
    while (batch.nextCursor !== undefined) {
      batch = await this.verifyDue({ ...due, cursor: batch.nextCursor })
      yield* batch.items
    }
  }

  /**
   * Puts new credentials in the place of the present ones.
   *
   * @throws What `initiateConnection` throws; the present credentials stay then.
   */
  async updateCredentials(options: UpdateCredentials): Promise<ConnectionRequest> {
    const { connectionParams, ...args } = asOptions('connectedAccounts.updateCredentials', options)
    const params: [string, unknown] = ['connectionParams', connectionParams]
    const raw = await this.#calls.value<RawEvidence>('connected_accounts.update_credentials', args, { params })
    return new ConnectionRequest(this.#calls, raw)
  }

  /**
   * Switches a connection on.
   *
   * @throws NotFoundError; InvalidArgumentError where it is neither ACTIVE nor INACTIVE.
   */
  enable(account: ConnectedAccountId): Promise<Connection> {
    return this.#connection('connected_accounts.enable', account)
  }

  /**
   * Switches a connection off: it stays, but is not used.
   *
   * @throws NotFoundError
   */
  disable(account: ConnectedAccountId): Promise<Connection> {
    return this.#connection('connected_accounts.disable', account)
  }

  /**
   * The connection, once it is ACTIVE: with keys and tokens at once.
   *
   * @example
   * ```ts
   * const connection = await client.connectedAccounts.waitUntilActive({ connectedAccountId, timeoutMs: 5_000 })
   * ```
   * @throws TimeoutError where it is not ACTIVE by then; InvalidArgumentError at once where its status is one that waiting
   *   does not change (FAILED, EXPIRED, REVOKED, INACTIVE); NotFoundError
   */
  waitUntilActive(account: string | WaitUntilActive): Promise<Connection> {
    return this.#connection('connected_accounts.wait_until_active', account)
  }

  /**
   * Gives a connection another name, or takes its name away.
   *
   * @example
   * ```ts
   * await client.connectedAccounts.setAlias({ connectedAccountId, alias: 'work' })
   * ```
   * @throws NotFoundError; AlreadyExistsError where the entity has another connection of this name to the app.
   */
  async setAlias(options: SetAlias): Promise<Connection> {
    return this.#connection('connected_accounts.set_alias', asOptions('connectedAccounts.setAlias', options))
  }

  /**
   * The connection's credentials as a connection string, such as `postgresql://…`, for a driver. Parts are percent-encoded.
   * What it holds is yours to guard.
   *
   * @example
   * ```ts
   * const dsn = await client.connectedAccounts.dsn(connectedAccountId)
   * await connect(dsn.expose().toString())
   * dsn.dispose()
   * ```
   * @throws NotFoundError; InvalidArgumentError where the integration does not allow `reveal`, where drivers of the app take
   *   no such thing, and on Composio's API, which gives no credentials back; CredentialsRejectedError once EXPIRED.
   */
  async dsn(account: ConnectedAccountId): Promise<Secret> {
    const { secret } = await this.#calls.make('connected_accounts.dsn', named('connectedAccountId', account))
    return secretOf(secret!)
  }

  /**
   * Deletes a connection and its credentials.
   *
   * @throws NotFoundError; InvalidArgumentError where it should be revoked and cannot be.
   */
  async delete(account: string | DeleteConnection): Promise<void> {
    await this.#calls.make('connected_accounts.delete', named('connectedAccountId', account))
  }

  async #connection(call: string, account: string | object): Promise<Connection> {
    return camelKeys(await this.#calls.value<object>(call, named('connectedAccountId', account)))
  }
}
