// `client.integrations`: the developer's configurations of apps.
import { asOptions, named, type CallOptions, type Calls } from './calls'
import type { AuthScheme, Integration, Permission } from './model'
import { camelKeys } from './names'
import type { Params } from './params'

/** A configuration to be stored. */
export interface NewIntegration extends CallOptions {
  /** The app, in any case. */
  app: string
  /** Default: the scheme that the app prefers. */
  authScheme?: AuthScheme | undefined
  /** Default: the app's name. */
  name?: string | undefined
  /**
   * Where requests go instead of the app's own base URL; may hold `{field}` placeholders. HTTPS, or HTTP on loopback and
   * where `unencrypted` is allowed.
   */
  baseUrl?: string | undefined
  /** Exceptions from the network rules for its hosts. Default: none, so that users can name public hosts only. */
  allow?: readonly Permission[] | undefined
  /** Values that you fix, so that users are not asked for them; sealed in the vault. Bytes are filled with zeros. */
  fixedValues?: Params | undefined
}

/** One integration. */
export type IntegrationId = string | ({ integrationId: string } & CallOptions)

/** The developer's configurations of apps. */
export class Integrations {
  readonly #calls: Calls

  /** @internal */
  constructor(calls: Calls) {
    this.#calls = calls
  }

  /**
   * Stores a configuration of an app.
   *
   * @throws UnknownAppError, UnsupportedSchemeError, InvalidArgumentError or ForbiddenHostError for the base URL, and those
   *   of the fixed values (MissingFieldsError, UnknownFieldError, InvalidFieldError).
   */
  async create(options: NewIntegration): Promise<Integration> {
    const { fixedValues, ...args } = asOptions('integrations.create', options)
    const params: [string, unknown] = ['fixedValues', fixedValues]
    return camelKeys(await this.#calls.value<object>('integrations.create', args, { params }))
  }

  /**
   * The integration of this id.
   *
   * @throws NotFoundError
   */
  async get(integration: IntegrationId): Promise<Integration> {
    return camelKeys(await this.#calls.value<object>('integrations.get', named('integrationId', integration)))
  }

  /**
   * All integrations, or those of one app; newest first.
   *
   * @throws UnknownAppError
   */
  async list(options?: { app?: string | undefined } & CallOptions): Promise<Integration[]> {
    const args = asOptions('integrations.list', options)
    const { items } = await this.#calls.value<{ items: object[] }>('integrations.list', args)
    return items.map((item) => camelKeys(item))
  }

  /**
   * Deletes an integration that no connection uses.
   *
   * @throws NotFoundError; InvalidArgumentError while connections use it.
   */
  async delete(integration: IntegrationId): Promise<void> {
    await this.#calls.make('integrations.delete', named('integrationId', integration))
  }
}
