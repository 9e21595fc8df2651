// `client.apps`: what can be connected, and what it takes.
import type { RequiredParamsOptions } from '../../apps'
import { asOptions, type CallOptions } from '../../calls'
import type { App, Field, RequiredParams } from '../../model'
import type { Backend } from '../backend'

/** One way to connect an app, under all of its names. */
export interface AuthSchemeV1 {
  /** The auth scheme. */
  readonly scheme_name: string
  /** The same as `scheme_name`. */
  readonly auth_mode: string
  /** The same as `scheme_name`. */
  readonly mode: string
  /** What the user gives. */
  readonly fields: readonly Field[]
}

/** An app, with the members that programs for Composio read. */
export interface AppV1 extends App {
  /** The same as `slug`. */
  readonly key: string
  /** The same as `slug`. */
  readonly appId: string
  /** The category, alone. */
  readonly categories: readonly string[]
  /** How it can be connected, the preferred way first. */
  readonly auth_schemes: readonly AuthSchemeV1[]
}

/** What a user gives for one scheme. */
export interface SchemeParams {
  /** Wire names of what the user must give. */
  readonly required_fields: readonly string[]
  /** Wire names of what the user may give. */
  readonly optional_fields: readonly string[]
  /** Wire names of everything that the user gives. */
  readonly expected_from_user: readonly string[]
  /** The fields themselves, with descriptions. */
  readonly fields: readonly Field[]
}

/** What a user gives for each scheme of an app. */
export interface AllRequiredParams {
  /** The schemes, the preferred one first. */
  readonly availableAuthSchemes: readonly string[]
  /** What each takes. */
  readonly authSchemes: { readonly [scheme: string]: SchemeParams }
}

/** The apps. */
export class AppsV1 {
  readonly #backend: Backend

  /** @internal */
  constructor(backend: Backend) {
    this.#backend = backend
  }

  /** Every app. */
  async list(options?: CallOptions): Promise<AppV1[]> {
    return (await (await this.#backend.client()).apps.list(options)).map(appOf)
  }

  /**
   * The app of this name, in any case.
   *
   * @throws UnknownAppError with names like it in `near`.
   */
  async get(options: { appKey: string } & CallOptions): Promise<AppV1> {
    const { appKey, ...rest } = asOptions('apps.get', options)
    return appOf(await (await this.#backend.client()).apps.get({ ...rest, app: appKey }))
  }

  /**
   * What a user gives for each scheme of an app.
   *
   * @throws UnknownAppError
   */
  async getRequiredParams(appId: string): Promise<AllRequiredParams> {
    const { schemes } = await (await this.#backend.client()).apps.get(appId)
    return {
      availableAuthSchemes: schemes.map(({ authScheme }) => authScheme),
      authSchemes: Object.fromEntries(schemes.map(({ authScheme, fields }) => [authScheme, paramsOf(fields)])),
    }
  }

  /**
   * What a user gives for one scheme of an app.
   *
   * @example
   * ```ts
   * const info = await toolset.client.apps.getRequiredParamsForAuthScheme({ appId: 'STRIPE', authScheme: 'API_KEY' })
   * for (const { name, description } of info.fields) console.log(name, description)
   * ```
   * @throws UnknownAppError, UnsupportedSchemeError
   */
  async getRequiredParamsForAuthScheme(options: RequiredParamsOptions): Promise<RequiredParams> {
    return (await this.#backend.client()).apps.getRequiredParamsForAuthScheme(options)
  }
}

function paramsOf(fields: readonly Field[]): SchemeParams {
  const names = (wanted: readonly Field[]): string[] => wanted.map(({ name }) => name)
  return {
    required_fields: names(fields.filter(({ required }) => required)),
    optional_fields: names(fields.filter(({ required }) => !required)),
    expected_from_user: names(fields),
    fields,
  }
}

function appOf(app: App): AppV1 {
  const schemes = app.schemes.map(({ authScheme: mode, fields }) => ({
    scheme_name: mode,
    auth_mode: mode,
    mode,
    fields,
  }))
  return { ...app, key: app.slug, appId: app.slug, categories: [app.category], auth_schemes: schemes }
}
