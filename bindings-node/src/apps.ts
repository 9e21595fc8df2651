// `client.apps`: what can be connected, and what it takes.
import { asOptions, named, type CallOptions, type Calls } from './calls'
import { badArgument } from './errors'
import {
  appOf,
  ExpectedParams,
  RequiredParams,
  type App,
  type AuthScheme,
  type Json,
  type KeyOrigin,
  type RawExpectedParams,
} from './model'
import { camelKeys } from './names'
import type { ParamValue } from './params'
import { kindOf } from './secret'

type RawApp = Parameters<typeof appOf>[0]

/** Which apps are wanted; all that is given must hold. */
export interface AppSearch extends CallOptions {
  /** A slug, a name or a part of one, which may be misspelt. Without it the apps come by slug. */
  query?: string | undefined
  /** A category, in any case. */
  category?: string | undefined
  /** How many at most, 1 to 500. Default: 50. */
  limit?: number | undefined
}

/** Which fields are wanted: those of an integration, or of an app (and scheme). */
export interface ExpectedParamsOptions extends CallOptions {
  /** The app, in any case. */
  app?: string | undefined
  /** The integration. */
  integrationId?: string | undefined
  /** The auth scheme; by default the integration's, or the one that the app prefers. */
  authScheme?: AuthScheme | undefined
}

/** An app and one of its auth schemes. */
export interface RequiredParamsOptions extends CallOptions {
  /** The app, in any case. */
  appId?: string | undefined
  /** The same as `appId`. */
  appName?: string | undefined
  /** The auth scheme. Default: the one that the app prefers. */
  authScheme?: AuthScheme | undefined
}

/**
 * What a user must give.
 *
 * @internal
 */
export async function expectedParams(calls: Calls, options: ExpectedParamsOptions): Promise<ExpectedParams> {
  const given = asOptions('getExpectedParamsForUser', options)
  return new ExpectedParams(await calls.value<RawExpectedParams>('get_expected_params_for_user', given))
}

/** The apps that a client knows: the catalogue, and those registered at run time. */
export class Apps {
  readonly #calls: Calls

  /** @internal */
  constructor(calls: Calls) {
    this.#calls = calls
  }

  /**
   * Every app, by slug; on Composio's API every toolkit.
   *
   * @throws ClosedError
   */
  async list(options?: CallOptions): Promise<App[]> {
    const { items } = await this.#calls.value<{ items: RawApp[] }>('apps.list', asOptions('apps.list', options))
    return items.map(appOf)
  }

  /**
   * The apps that a person's words mean, best first: by slug, name or a part of one, also misspelt, and by category.
   *
   * @throws InvalidArgumentError for a category that there is not, with near ones, and for a limit that cannot be.
   */
  async search(options?: AppSearch): Promise<App[]> {
    const { items } = await this.#calls.value<{ items: RawApp[] }>('apps.search', asOptions('apps.search', options))
    return items.map(appOf)
  }

  /**
   * The apps that a credential could be of, by its form alone, the most specific form first. Nothing is asked and nothing
   * is kept; bytes are filled with zeros. Of forms that many share, such as 32 hexadecimal digits, nothing is said.
   *
   * @example
   * ```ts
   * const [origin] = await client.apps.identify(Buffer.from('ghp_0123456789abcdef'))
   * if (origin?.certain) console.log(`This is a key of ${origin.appName}.`)
   * ```
   */
  async identify(value: ParamValue, options?: CallOptions): Promise<KeyOrigin[]> {
    const payload: { params: [string, unknown] } = { params: ['value', { value }] }
    const args = asOptions('apps.identify', options)
    const { items } = await this.#calls.value<{ items: object[] }>('apps.identify', args, payload)
    return items.map((item) => camelKeys(item))
  }

  /**
   * The app of this name, in any case.
   *
   * @throws UnknownAppError with names like it in `near`.
   */
  async get(app: string | ({ app: string } & CallOptions)): Promise<App> {
    return appOf(await this.#calls.value<RawApp>('apps.get', named('app', app)))
  }

  /**
   * Registers an app of your own for as long as this client lives. The definition is in the catalogue's format, its keys
   * as they stand there (`auth_scheme`, `base_url`).
   *
   * @throws InvalidArgumentError with a problem for every mistake; AlreadyExistsError for the slug of a built-in app.
   */
  async register(definition: { readonly [key: string]: Json | undefined }, options?: CallOptions): Promise<App> {
    if (typeof definition !== 'object' || definition === null) {
      throw badArgument('definition', `the definition must be an object, not ${kindOf(definition)}`)
    }
    const args = { ...asOptions('apps.register', options), definition }
    return appOf(await this.#calls.value<RawApp>('apps.register', args))
  }

  /**
   * What a user must give to connect this app, by name.
   *
   * @example
   * ```ts
   * const info = await client.apps.getRequiredParamsForAuthScheme({ appId: 'stripe', authScheme: 'API_KEY' })
   * for (const field of info.fields) console.log(field.displayName, field.description)
   * ```
   * @throws UnknownAppError, UnsupportedSchemeError
   */
  async getRequiredParamsForAuthScheme(options: RequiredParamsOptions): Promise<RequiredParams> {
    const { appName, appId = appName, ...rest } = asOptions('getRequiredParamsForAuthScheme', options)
    return new RequiredParams(await expectedParams(this.#calls, { ...rest, app: appId }))
  }
}
