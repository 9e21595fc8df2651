// `composio.authConfigs`: the developer's configurations of toolkits.
import { asOptions, type CallOptions } from '../../calls'
import { badArgument } from '../../errors'
import type { AuthScheme, Field, Integration, Permission } from '../../model'
import type { Backend } from '../backend'
import { holding } from '../input'
import { createIntegration, type DeveloperValues } from '../settings'

/** A configuration to be stored. */
export interface NewAuthConfig {
  /** How users are authenticated: with their own keys. */
  type: 'use_custom_auth'
  /** Default: the scheme that the app prefers. */
  authScheme?: AuthScheme | undefined
  /** Default: the app's name. */
  name?: string | undefined
  /** What you give for all users, by wire name. */
  credentials?: DeveloperValues | undefined
  /** Where requests go instead of the app's own base URL. */
  baseUrl?: string | undefined
  /** Exceptions from the network rules for its hosts. Default: none, so that users can name public hosts only. */
  allow?: readonly Permission[] | undefined
}

/** What `create` answers. */
export interface CreatedAuthConfig {
  /** Its id, `ac_…`. */
  readonly id: string
  /** Slug of the app. */
  readonly toolkit: string
  /** The auth scheme. */
  readonly authScheme: AuthScheme
  /** Always `false`. */
  readonly isComposioManaged: false
}

/** The developer's configuration of one app with one scheme. */
export interface AuthConfig {
  /** Its id, `ac_…`. */
  readonly id: string
  /** The developer's name for it. */
  readonly name: string
  /** The app. */
  readonly toolkit: { readonly slug: string }
  /** The auth scheme. */
  readonly authScheme: AuthScheme
  /** Always `false`. */
  readonly isComposioManaged: false
  /** Always `ENABLED`. */
  readonly status: 'ENABLED'
  /** When it was made (RFC 3339, UTC). */
  readonly createdAt: string
}

/** A configuration and what its users give. */
export interface AuthConfigDetails extends AuthConfig {
  /** What a user gives. */
  readonly expectedInputFields: readonly Field[]
}

/** The developer's configurations of toolkits. */
export class AuthConfigs {
  readonly #backend: Backend

  /** @internal */
  constructor(backend: Backend) {
    this.#backend = backend
  }

  /**
   * Stores a configuration of an app.
   *
   * @example
   * ```ts
   * const { id } = await composio.authConfigs.create('stripe', { type: 'use_custom_auth', authScheme: 'API_KEY' })
   * ```
   * @throws UnknownAppError, UnsupportedSchemeError, and for `credentials` MissingFieldsError, UnknownFieldError,
   *   InvalidFieldError; InvalidArgumentError for a type that is not about users' own keys.
   */
  async create(toolkit: string, options: NewAuthConfig, { signal }: CallOptions = {}): Promise<CreatedAuthConfig> {
    const { type, credentials, ...rest } = asOptions('authConfigs.create', options)
    return holding([credentials], async ([values]) => {
      if (type !== 'use_custom_auth') {
        throw badArgument(
          'type',
          'type must be use_custom_auth: here users bring their own keys, not Composio’s OAuth apps',
        )
      }
      const made = await createIntegration(await this.#backend.client(), { ...rest, app: toolkit, signal }, values)
      return { id: made.id, toolkit: made.app, authScheme: made.authScheme, isComposioManaged: false }
    })
  }

  /**
   * All configurations, or those of one app, newest first and in one page.
   *
   * @throws UnknownAppError
   */
  async list(
    query?: { toolkit?: string | undefined },
    { signal }: CallOptions = {},
  ): Promise<{ items: AuthConfig[]; nextCursor: null; totalPages: 1 }> {
    const { toolkit, ...rest } = asOptions('authConfigs.list', query)
    const all = await (await this.#backend.client()).integrations.list({ ...rest, app: toolkit, signal })
    return { items: all.map(configOf), nextCursor: null, totalPages: 1 }
  }

  /**
   * The configuration of this id, and what its users give.
   *
   * @throws NotFoundError
   */
  async get(id: string, options?: CallOptions): Promise<AuthConfigDetails> {
    const client = await this.#backend.client()
    const ask = { ...options, integrationId: id }
    const integration = await client.integrations.get(ask)
    const { expectedInputFields } = await client.getExpectedParamsForUser(ask)
    return { ...configOf(integration), expectedInputFields }
  }

  /**
   * Deletes a configuration that no connection uses.
   *
   * @throws NotFoundError; InvalidArgumentError while connections use it.
   */
  async delete(id: string, options?: CallOptions): Promise<{ success: boolean }> {
    await (await this.#backend.client()).integrations.delete({ ...options, integrationId: id })
    return { success: true }
  }
}

function configOf({ id, name, app, authScheme, createdAt }: Integration): AuthConfig {
  return { id, name, toolkit: { slug: app }, authScheme, isComposioManaged: false, status: 'ENABLED', createdAt }
}
