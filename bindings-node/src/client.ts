// `Keylatch`: the client, in the order of the flow: discover, initiate, fetch, use.
import { ConnectedAccounts } from './accounts'
import { executeAction, type ExecuteActionOptions } from './actions'
import { Apps, expectedParams, type ExpectedParamsOptions } from './apps'
import { asOptions, Calls, named, type CallOptions } from './calls'
import type { ConnectionRequest } from './connection-request'
import { Entity } from './entity'
import { badArgument } from './errors'
import { initiate, type InitiateOptions } from './initiate'
import { Integrations } from './integrations'
import type {
  ActionResult,
  AuditCheck,
  AuditLog,
  Connection,
  Diagnosis,
  ExpectedParams,
  Exported,
  Imported,
  Rotation,
} from './model'
import { camelKeys, snakeKeys } from './names'
import {
  composioOpening,
  partsOfTransit,
  vaultOpening,
  type ComposioOptions,
  type KeyOptions,
  type NativeOpening,
  type OpenOptions,
} from './options'
import { request, requestPages, type PagesOptions, type RequestOptions } from './requests'
import { requestStream, type ResponseStream, type StreamOptions } from './streams'
import type { Response } from './response'
import { kindOf, type Secret } from './secret'

/** A user and an app. */
export interface GetConnectionOptions extends CallOptions {
  /** The application's user. */
  entityId: string
  /** The app, in any case. */
  app: string
}

/** Where a backup goes. */
export interface BackupOptions extends CallOptions {
  /** The new file; its folder must be there. */
  path: string
}

/** Where the vault's next key comes from: at most one source. */
export interface ChangeKeyOptions extends CallOptions, KeyOptions {}

/** Which batch of a rotation is wanted. */
export interface RotateDataKeyOptions extends CallOptions {
  /** How many records to seal anew in this batch, 1 to 5 000. Default: 500. */
  limit?: number
  /** `nextCursor` of the batch before. Without it a rotation that was broken off goes on, or another one begins. */
  cursor?: string
}

/** Which entries of the audit log are wanted; all that is given must hold. */
export interface AuditLogOptions extends CallOptions {
  /** Only those behind the entry of this number. Default: 0, all. */
  after?: number
  /** How many at most, 1 to 500. Default: 50. */
  limit?: number
  /** About this user. */
  entityId?: string
  /** About this connection, which may be gone. */
  connectedAccountId?: string
}

/** What the audit log is compared with. */
export interface CheckAuditOptions extends CallOptions {
  /** A head that `auditLog` or `checkAudit` gave out earlier and that was kept elsewhere: without it a cut end does not show. */
  head?: string
}

/** Where an export goes, and for whom: a passphrase or a recipient. */
export interface ExportVaultOptions extends CallOptions {
  /** The new file; its folder must be there. */
  path: string
  /** Stretched with Argon2id. Bytes are zeros when the call has returned its Promise. */
  passphrase?: string | Uint8Array | Secret
  /** A public key as age writes it, `age1…`: its secret key opens the file. */
  recipient?: string
}

/** Which export is imported, and what opens it: the passphrase or the identity. */
export interface ImportVaultOptions extends CallOptions {
  /** The file. */
  path: string
  /** What the export was sealed with. Bytes are zeros when the call has returned its Promise. */
  passphrase?: string | Uint8Array | Secret
  /** The recipient's secret key as age writes it, `AGE-SECRET-KEY-1…`. Bytes are zeros when the call has returned its Promise. */
  identity?: string | Uint8Array | Secret
  /** Only to tell what would be done. Default: `false`. */
  dryRun?: boolean
}

/**
 * A client of one vault, or of one project on Composio's API: the calls are the same. Open it once and share it: calls run
 * side by side, on threads of their own, and do not hold up the event loop; only a connection or integration that is looked up by
 * its id in a vault's file is read where the call is made, in the microseconds that another thread would take to wake. Several
 * clients and processes may open one vault.
 *
 * @example
 * ```ts
 * const client = await Keylatch.open()
 * const { fields } = await client.apps.getRequiredParamsForAuthScheme({ appId: 'stripe', authScheme: 'API_KEY' })
 * const user = client.getEntity('user-1')
 * await user.initiateConnection({ appName: 'stripe', connectionParams: { api_key: buffer } })
 * const balance = await user.request({ app: 'stripe', method: 'GET', path: '/v1/balance' })
 * console.log(balance.status, balance.json())
 * await client.close()
 * ```
 */
export class Keylatch {
  /** What can be connected. */
  readonly apps: Apps
  /** The developer's configurations of apps. */
  readonly integrations: Integrations
  /** The connections of all users. */
  readonly connectedAccounts: ConnectedAccounts
  readonly #calls: Calls

  private constructor(calls: Calls) {
    if (!(calls instanceof Calls)) throw new TypeError('use Keylatch.open or Keylatch.composio')
    this.#calls = calls
    this.apps = new Apps(calls)
    this.integrations = new Integrations(calls)
    this.connectedAccounts = new ConnectedAccounts(calls)
  }

  /**
   * Opens the vault, making it on first use.
   *
   * @throws WrongKeyError, VaultLockedError, StorageError; InvalidArgumentError for options that cannot be.
   */
  static async open(options?: OpenOptions): Promise<Keylatch> {
    return Keylatch.opened(vaultOpening(asOptions('open', options)))
  }

  /**
   * Uses a project on Composio's API, where the connections and their credentials then are, instead of a vault.
   *
   * @example
   * ```ts
   * const client = await Keylatch.composio() // the project of COMPOSIO_API_KEY
   * const other = await Keylatch.composio({ apiKey: buffer, timeoutMs: 10_000 }) // `buffer` is zeros from here on
   * ```
   * @throws InvalidArgumentError for options that cannot be, and where there is no API key. Nothing is asked yet, so a key
   *   that Composio refuses is an UnauthorizedError of the first call.
   */
  static async composio(options?: ComposioOptions): Promise<Keylatch> {
    return Keylatch.opened(composioOpening(asOptions('composio', options)))
  }

  /** @internal */
  static async opened(opening: NativeOpening): Promise<Keylatch> {
    const calls = new Calls()
    await calls.open(opening)
    return new Keylatch(calls)
  }

  /**
   * What a user must give to connect. Names an integration: the one asked for, else the newest of the app that fits,
   * else a default one that this call makes.
   *
   * @example
   * ```ts
   * const { expectedParams, jsonSchema } = await client.getExpectedParamsForUser({ app: 'stripe' })
   * ```
   * @throws UnknownAppError, UnsupportedSchemeError, NotFoundError, InvalidArgumentError
   */
  getExpectedParamsForUser(options: ExpectedParamsOptions): Promise<ExpectedParams> {
    return expectedParams(this.#calls, options)
  }

  /**
   * Checks the input, asks the provider, stores the credentials and answers ACTIVE.
   *
   * @example
   * ```ts
   * const request = await client.initiateConnection({
   *   entityId: 'user-1',
   *   appName: 'stripe',
   *   connectionParams: { api_key: buffer }, // zeros from here on
   * })
   * request.connectionStatus // 'ACTIVE'
   * request.verdict // 'accepted': what the provider said
   * ```
   * @throws MissingFieldsError, UnknownFieldError, InvalidFieldError with all problems of the input at once;
   *   AlreadyExistsError; CredentialsRejectedError, ProviderUnreachableError, ForbiddenHostError. Nothing is stored then.
   */
  initiateConnection(options: InitiateOptions): Promise<ConnectionRequest> {
    return initiate(this.#calls, options)
  }

  /** The user of this id. Nothing is asked or stored; `await` it or not. */
  getEntity(id: string): Entity {
    if (typeof id !== 'string') throw badArgument('entity_id', `the entity's id must be a string, not ${kindOf(id)}`)
    return new Entity(this, id)
  }

  /**
   * The one active connection of this user to this app.
   *
   * @throws NotFoundError; AmbiguousError with the `candidates` where there are several.
   */
  async getConnection(options: GetConnectionOptions): Promise<Connection> {
    return camelKeys(await this.#calls.value<object>('get_connection', asOptions('getConnection', options)))
  }

  /**
   * Sends a request to the app with the user's credential in it, over the connection of `connectedAccountId`, or the one
   * of `entityId` and `app`. A 401 that the app's check confirms makes the connection EXPIRED; the answer is returned
   * all the same.
   *
   * @example
   * ```ts
   * const made = await client.request({
   *   entityId: 'user-1', app: 'stripe', method: 'POST', path: '/v1/customers',
   *   headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'name=Ada',
   * })
   * if (made.ok) console.log(made.json())
   * ```
   * @throws NotFoundError, AmbiguousError, ForbiddenHostError, CredentialsRejectedError (the connection is EXPIRED),
   *   ProviderUnreachableError, TimeoutError, InvalidArgumentError; RateLimitedError where a limit that an earlier answer
   *   told of outlasts the request's time: the app was not asked.
   */
  request(options: RequestOptions): Promise<Response> {
    return request(this.#calls, options)
  }

  /**
   * The pages of an app's list, each fetched when it is wanted. The list ends where the app tells of no more, where it leads
   * back to a page that was there, after `maxPages`, and after an answer that is not of success.
   *
   * @example
   * ```ts
   * const paging = { by: 'cursor', next: '/data/-/id', query: 'starting_after', more: '/has_more' } as const
   * for await (const page of client.requestPages({
   *   entityId: 'user-1', app: 'stripe', method: 'GET', path: '/v1/customers', paging,
   * })) {
   *   console.log(page.json())
   * }
   * ```
   * @throws What `request` throws; ForbiddenHostError where the next page is on another origin.
   */
  requestPages(options: PagesOptions): AsyncGenerator<Response, void, undefined> {
    return requestPages(this.#calls, options)
  }

  /**
   * As `request`, for bodies of any size: they go and come in pieces, on a connection of their own. Resolves when the head of
   * the answer is there.
   *
   * @example
   * ```ts
   * const answer = await client.requestStream({
   *   entityId: 'user-1', app: 'stripe', method: 'GET', path: '/v1/balance', maxResponseBytes: 0,
   * })
   * let size = 0
   * for await (const piece of answer) size += piece.length
   * ```
   * @throws What `request` throws; InvalidArgumentError on Composio's API, whose proxy passes whole bodies only.
   */
  requestStream(options: StreamOptions): Promise<ResponseStream> {
    return requestStream(this.#calls, options)
  }

  /**
   * Does what an action says, over the connection of `connectedAccountId`, or the one of `entityId` to the action's app.
   * `apps.get` lists the actions of an app.
   *
   * @example
   * ```ts
   * const { data } = await client.executeAction({
   *   action: 'STRIPE_CREATE_CUSTOMER', params: { name: 'Ada' }, entityId: 'user-1',
   * })
   * ```
   * @throws ActionFailedError with the app's reason; MissingFieldsError, UnknownFieldError, InvalidFieldError for `params`;
   *   InvalidArgumentError for an action that does not exist, with names like it in `near`; and what `request` throws.
   */
  executeAction(options: ExecuteActionOptions): Promise<ActionResult> {
    return executeAction(this.#calls, options)
  }

  /**
   * Writes the vault as it is at this moment to a new file, while this and other clients go on: whole and on disk when the
   * Promise is fulfilled, or not there. The backup opens as a vault, with the same key; a key file is not copied.
   *
   * @example
   * ```ts
   * await client.backup('backup.db')
   * ```
   * @throws AlreadyExistsError where there is a file; StorageError; InvalidArgumentError where the folder is not there, and
   *   on Composio's API, where there is no vault.
   */
  async backup(path: string | BackupOptions): Promise<void> {
    await this.#calls.value('backup', named('path', path))
  }

  /**
   * Gives the vault another key: its data keys are sealed with that, all at once, and no record is touched. Without a key in the
   * options it is in the file beside the vault. A key file that is not there is made; the one in use gets a new key in the
   * place of its own; the same Transit key again seals a new key with its newest version. Other clients that have the vault open
   * go on until they need a data key that came later, then a WrongKeyError tells them to open it again. Backups keep their key.
   *
   * @example
   * ```ts
   * await client.changeKey({ passphrase: buffer }) // zeros from here on
   * ```
   * @throws WrongKeyError where another client has changed the key since this one opened the vault; VaultLockedError for a
   *   source without a key; InvalidArgumentError for the key that the vault has already, and on Composio's API, where there is
   *   no vault.
   */
  async changeKey(options?: ChangeKeyOptions): Promise<void> {
    const { key, passphrase, transit, ...rest } = asOptions('changeKey', options)
    const { place, token } = transit === undefined ? {} : partsOfTransit(transit)
    const args = { ...rest, transit: place && snakeKeys(place) }
    await this.#calls.value('change_key', args, { params: ['key', { key, passphrase, token }] })
  }

  /**
   * Gives the vault a new data key, and seals every record with it, a batch a call, while others read and write. Go on with
   * `nextCursor`; or without it, also after a kill and from another process: a rotation that was broken off goes on. The last
   * batch deletes the older data keys, in a transaction that finds no record sealed with them. A record that does not open
   * stays as it is, and its key with it: the answers name both.
   *
   * @example
   * ```ts
   * let batch = await client.rotateDataKey()
   * while (batch.nextCursor) {
   *   console.log(`${batch.remaining} to go`)
   *   batch = await client.rotateDataKey({ cursor: batch.nextCursor })
   * }
   * ```
   * @throws WrongKeyError as `changeKey`; StorageError; InvalidArgumentError for a limit or cursor that cannot be, and on
   *   Composio's API, where there is no vault.
   */
  async rotateDataKey(options?: RotateDataKeyOptions): Promise<Rotation> {
    return camelKeys(await this.#calls.value<object>('rotate_data_key', asOptions('rotateDataKey', options)))
  }

  /**
   * The vault's audit log, oldest entry first, a page a call: who connected, used, verified or deleted what, and when. With an id,
   * the entries about that user or connection. Works whether or not this client writes the log (the option `audit`).
   *
   * @example
   * ```ts
   * const { items, head } = await client.auditLog({ connectedAccountId })
   * for (const entry of items) console.log(entry.at, entry.action, entry.outcome)
   * ```
   * @throws CorruptRecordError for an id where the log's key does not open; InvalidArgumentError for a limit that cannot be, and
   *   on Composio's API, where there is no vault.
   */
  async auditLog(options?: AuditLogOptions): Promise<AuditLog> {
    return camelKeys(await this.#calls.value<object>('audit_log', asOptions('auditLog', options)))
  }

  /**
   * Reads the whole audit log and says what is not as it was written: entries that are gone, changed or not in their place.
   *
   * @example
   * ```ts
   * const { faults } = await client.checkAudit({ head })
   * ```
   * @throws InvalidArgumentError for a head that is none, and on Composio's API, where there is no vault.
   */
  async checkAudit(options?: CheckAuditOptions): Promise<AuditCheck> {
    return camelKeys(await this.#calls.value<object>('check_audit', asOptions('checkAudit', options)))
  }

  /**
   * Writes all integrations and connections to a new file, sealed for a passphrase or a recipient, from which another vault can
   * import them: whole and on disk when the Promise is fulfilled, or not there. Each record is in it as it is when the export comes
   * by, while this and other clients go on. One that does not open is left out, and named in the answer.
   *
   * @example
   * ```ts
   * const { connections } = await client.exportVault({ path: 'moved.export', passphrase: buffer }) // zeros from here on
   * ```
   * @throws AlreadyExistsError where there is a file; StorageError; InvalidArgumentError for a recipient that is none, where the
   *   folder is not there, and on Composio's API, where there is no vault.
   */
  async exportVault(options: ExportVaultOptions): Promise<Exported> {
    const { passphrase, ...rest } = asOptions('exportVault', options)
    return camelKeys(await this.#calls.value<object>('export_vault', rest, { params: ['passphrase', { passphrase }] }))
  }

  /**
   * Stores what an export holds and this vault does not, under the same ids, for this client's tenant. Nothing is overwritten:
   * what is there with the same values is counted, and what is there with others is named. The whole file is checked before
   * anything is stored. After a crash or an error, import the same file again: it goes on.
   *
   * @example
   * ```ts
   * const { connections, conflictingConnections } = await client.importVault({ path: 'moved.export', passphrase: buffer })
   * ```
   * @throws WrongKeyError for a passphrase or identity that does not open the file; CorruptRecordError for a file that is damaged,
   *   cut or of a later version; StorageError; InvalidArgumentError where there is no such file or it is no export, and on
   *   Composio's API, where there is no vault. Of these, only a StorageError may come after something was stored.
   */
  async importVault(options: ImportVaultOptions): Promise<Imported> {
    const { passphrase, identity, ...rest } = asOptions('importVault', options)
    return camelKeys(
      await this.#calls.value<object>('import_vault', rest, { params: ['passphrase', { passphrase, identity }] }),
    )
  }

  /**
   * The state of the vault: its file, format, key and records, and what to do about what is wrong. Looks at every record, and
   * gives no credential away. The function `diagnose` does the same for a vault that does not open.
   *
   * @throws ClosedError; InvalidArgumentError on Composio's API, where there is no vault.
   */
  async diagnose(options?: CallOptions): Promise<Diagnosis> {
    return camelKeys(await this.#calls.value<object>('diagnose', asOptions('diagnose', options)))
  }

  /** Lets go of the vault and of all connections. Calls that are under way finish or fail; later ones are `closed`. */
  close(): Promise<void> {
    return this.#calls.close()
  }
}

export interface Keylatch extends Disposable, AsyncDisposable {}

// Older runtimes lack these symbols, so they cannot be methods of the class.
if (Symbol.asyncDispose) {
  Object.defineProperty(Keylatch.prototype, Symbol.asyncDispose, { value: Keylatch.prototype.close })
}
if (Symbol.dispose) {
  const closeLater = function (this: Keylatch): void {
    // Nobody waits for it, so nobody could be told of a failure either.
    this.close().catch(() => undefined)
  }
  Object.defineProperty(Keylatch.prototype, Symbol.dispose, { value: closeLater })
}
