// An entity: one of the application's users.
import type { ConnectionFilter } from './accounts'
import type { ExecuteActionOptions } from './actions'
import { asOptions, type CallOptions } from './calls'
import type { Keylatch } from './client'
import type { ConnectionRequest } from './connection-request'
import type { InitiateOptions } from './initiate'
import type { ActionResult, Connection, Page } from './model'
import type { PagesOptions, RequestOptions } from './requests'
import type { ResponseStream, StreamOptions } from './streams'
import type { Response } from './response'

/** One app, by either name of the option. */
export interface AppOption extends CallOptions {
  /** The app, in any case. */
  app?: string | undefined
  /** The same as `app`. */
  appName?: string | undefined
}

/** One of the application's users. Every call here is for this user, whatever `entityId` its options hold. */
export class Entity {
  /** The user's id. */
  readonly id: string
  readonly #client: Keylatch

  /** @internal */
  constructor(client: Keylatch, id: string) {
    this.#client = client
    this.id = id
  }

  /**
   * Checks the input, asks the provider, stores the credentials and answers ACTIVE.
   *
   * @example
   * ```ts
   * const user = client.getEntity('user-1')
   * const request = await user.initiateConnection({ appName: 'stripe', connectionParams: { api_key: buffer } })
   * request.connectionStatus // 'ACTIVE'
   * ```
   * @throws What `client.initiateConnection` throws.
   */
  initiateConnection(options: Omit<InitiateOptions, 'entityId'> & { entityId?: string }): Promise<ConnectionRequest> {
    return this.#client.initiateConnection({ ...asOptions('initiateConnection', options), entityId: this.id })
  }

  /**
   * This user's one active connection to the app.
   *
   * @throws NotFoundError; AmbiguousError with the `candidates` where there are several.
   */
  getConnection(options: AppOption): Promise<Connection> {
    const { appName, app = appName, signal } = asOptions('getConnection', options)
    // The core says what is wrong where there is none.
    return this.#client.getConnection({ entityId: this.id, app: app as string, signal })
  }

  /**
   * One page of this user's connections, newest first.
   *
   * @throws What `client.connectedAccounts.list` throws.
   */
  connections(filter?: Omit<ConnectionFilter, 'entityId'>): Promise<Page> {
    return this.#client.connectedAccounts.list({ ...filter, entityId: this.id })
  }

  /**
   * Sends a request over a connection of this user; `app` names which.
   *
   * @throws What `client.request` throws.
   */
  request(options: Omit<RequestOptions, 'entityId'>): Promise<Response> {
    return this.#client.request({ ...asOptions('request', options), entityId: this.id })
  }

  /**
   * The pages of an app's list, over a connection of this user; `app` names which.
   *
   * @throws What `client.requestPages` throws.
   */
  requestPages(options: Omit<PagesOptions, 'entityId'>): AsyncGenerator<Response, void, undefined> {
    return this.#client.requestPages({ ...asOptions('requestPages', options), entityId: this.id })
  }

  /**
   * A request whose bodies go and come in pieces, over a connection of this user; `app` names which.
   *
   * @throws What `client.requestStream` throws.
   */
  requestStream(options: Omit<StreamOptions, 'entityId'>): Promise<ResponseStream> {
    return this.#client.requestStream({ ...asOptions('requestStream', options), entityId: this.id })
  }

  /**
   * Does what an action says, over this user's connection to its app.
   *
   * @example
   * ```ts
   * const { data } = await user.executeAction({ action: 'STRIPE_RETRIEVE_BALANCE' })
   * ```
   * @throws What `client.executeAction` throws.
   */
  executeAction(options: Omit<ExecuteActionOptions, 'entityId'>): Promise<ActionResult> {
    return this.#client.executeAction({ ...asOptions('executeAction', options), entityId: this.id })
  }
}
