// `client.integrations`: the developer's configurations of apps.
import { asOptions, type CallOptions } from '../../calls'
import { badArgument } from '../../errors'
import type { NewIntegration } from '../../integrations'
import type { AuthScheme, Field, Integration, Permission } from '../../model'
import type { Backend } from '../backend'
import { holding } from '../input'
import { createIntegration, fittingIntegration, type DeveloperValues } from '../settings'
import { pageOf, type PageV1, type Paging } from './pages'

/** An integration, with the members that programs for Composio read. */
export interface IntegrationV1 extends Integration {
  /** The same as `app`. */
  readonly appName: string
  /** The same as `app`. */
  readonly appId: string
  /** Always `true`. */
  readonly enabled: true
  /** Always `false`. */
  readonly deleted: false
  /** The same as `createdAt`: integrations are not changed. */
  readonly updatedAt: string
}

/** An integration and what its users give. */
export interface IntegrationDetailsV1 extends IntegrationV1 {
  /** What a user gives. */
  readonly expectedInputFields: readonly Field[]
}

/** A configuration to be stored. */
export interface NewIntegrationV1 extends CallOptions {
  /** The app, in any case; `appId`, `appName` and `appUniqueKey` mean the same. */
  appUniqueKey?: string | undefined
  /** The app. */
  appId?: string | undefined
  /** The app. */
  appName?: string | undefined
  /** Default: the app's name. */
  name?: string | undefined
  /** Default: the scheme that the app prefers. */
  authScheme?: AuthScheme | undefined
  /** What you give for all users, by wire name. */
  authConfig?: DeveloperValues | undefined
  /** Where requests go instead of the app's own base URL. */
  baseUrl?: string | undefined
  /** Exceptions from the network rules for its hosts. Default: none, so that users can name public hosts only. */
  allow?: readonly Permission[] | undefined
  /** Taken and not needed: only OAuth apps have credentials of Composio's. */
  useComposioAuth?: boolean | undefined
  /** For `getOrCreateIntegration`: make a new one in any case. Default: no. */
  forceNewIntegration?: boolean | undefined
}

/** One integration. */
export type IntegrationIdV1 = { integrationId: string } & CallOptions

/** The developer's configurations of apps. */
export class IntegrationsV1 {
  readonly #backend: Backend

  /** @internal */
  constructor(backend: Backend) {
    this.#backend = backend
  }

  /**
   * Integrations, newest first: all, or those of one app.
   *
   * @throws UnknownAppError
   */
  async list(
    options?: { appName?: string; appUniqueKey?: string; showDisabled?: boolean } & Paging & CallOptions,
  ): Promise<PageV1<IntegrationV1>> {
    const { appName, appUniqueKey, page, pageSize, showDisabled: _, ...rest } = asOptions('integrations.list', options)
    const client = await this.#backend.client()
    const all = await client.integrations.list({ ...rest, app: appName ?? appUniqueKey })
    return pageOf(all.map(viewOf), { page, pageSize })
  }

  /**
   * The integration of this id, and what its users give.
   *
   * @throws NotFoundError
   */
  async get(options: IntegrationIdV1): Promise<IntegrationDetailsV1> {
    const client = await this.#backend.client()
    const integration = await client.integrations.get(options)
    const { expectedInputFields } = await client.getExpectedParamsForUser(options)
    return { ...viewOf(integration), expectedInputFields }
  }

  /**
   * What a user of this integration gives.
   *
   * @throws NotFoundError
   */
  async getRequiredParams(options: IntegrationIdV1): Promise<readonly Field[]> {
    return (await (await this.#backend.client()).getExpectedParamsForUser(options)).expectedInputFields
  }

  /**
   * Stores a configuration of an app.
   *
   * @throws UnknownAppError, UnsupportedSchemeError, and for `authConfig` MissingFieldsError, UnknownFieldError,
   *   InvalidFieldError
   */
  async create(options: NewIntegrationV1): Promise<IntegrationDetailsV1> {
    const { authConfig, ...rest } = asOptions('integrations.create', options)
    return holding([authConfig], async ([values]) => {
      const { id } = await createIntegration(await this.#backend.client(), newOf('integrations.create', rest), values)
      return this.get({ integrationId: id, signal: rest.signal })
    })
  }

  /**
   * The app's newest integration with values for the same fields as `authConfig`, else a new one. The values themselves
   * cannot be compared: give `forceNewIntegration` where they have changed.
   *
   * @throws What `create` throws.
   */
  async getOrCreateIntegration(options: NewIntegrationV1): Promise<IntegrationDetailsV1> {
    const { authConfig, ...rest } = asOptions('getOrCreateIntegration', options)
    return holding([authConfig], async ([values]) => {
      const find = rest.forceNewIntegration ? createIntegration : fittingIntegration
      const { id } = await find(await this.#backend.client(), newOf('getOrCreateIntegration', rest), values)
      return this.get({ integrationId: id, signal: rest.signal })
    })
  }

  /**
   * Deletes an integration that no connection uses.
   *
   * @throws NotFoundError; InvalidArgumentError while connections use it.
   */
  async delete(options: IntegrationIdV1): Promise<{ status: string; count: number }> {
    await (await this.#backend.client()).integrations.delete(options)
    return { status: 'success', count: 1 }
  }
}

/** A new integration in Keylatch's own words. */
function newOf(call: string, given: NewIntegrationV1): NewIntegration {
  const { appUniqueKey, appName = appUniqueKey, appId = appName, ...rest } = given
  const { useComposioAuth: _, forceNewIntegration: __, ...ask } = rest
  if (appId !== undefined) return { ...ask, app: appId }
  throw badArgument('app', `${call} needs an app: give appUniqueKey, appName or appId`)
}

function viewOf(integration: Integration): IntegrationV1 {
  const { app, createdAt } = integration
  return { ...integration, appName: app, appId: app, enabled: true, deleted: false, updatedAt: createdAt }
}
