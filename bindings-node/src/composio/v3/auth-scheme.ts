// `AuthScheme`: credentials for `connectedAccounts.initiate`, in objects that do not show them.
import { badArgument } from '../../errors'
import type { AuthScheme as SchemeName } from '../../model'
import type { Params } from '../../params'
import { kindOf } from '../../secret'

const REDACTED = '[redacted]'
const INSPECT = Symbol.for('nodejs.util.inspect.custom')

/** An auth scheme and the credentials for it, which stand in `val`. */
export interface ConnectionData {
  /** The auth scheme. */
  readonly authScheme: SchemeName
  /** What the user typed, by wire name. */
  readonly val: Params & { readonly status?: string | undefined }
}

/** Connection data that prints as its scheme alone. `val` gives the credentials to those who ask for it. */
class Credentials implements ConnectionData {
  readonly authScheme: SchemeName
  readonly #val: ConnectionData['val']

  constructor(authScheme: SchemeName, params: Params = {}) {
    this.authScheme = authScheme
    this.#val = { status: 'ACTIVE', ...params }
    for (const name of ['toJSON', INSPECT]) {
      Object.defineProperty(this.#val, name, { value: () => REDACTED })
    }
  }

  get val(): ConnectionData['val'] {
    return this.#val
  }

  toJSON(): object {
    return { authScheme: this.authScheme, val: REDACTED }
  }

  [INSPECT](): object {
    return this.toJSON()
  }
}

/**
 * Makes the `config` of `connectedAccounts.initiate`. Values may be strings, buffers, which are filled with zeros by that
 * call, or a `Secret`.
 *
 * @example
 * ```ts
 * const config = AuthScheme.APIKey({ api_key: buffer })
 * console.log(config) // { authScheme: 'API_KEY', val: '[redacted]' }
 * ```
 */
export const AuthScheme = Object.freeze({
  /** Keys, such as `api_key`. */
  APIKey: (params: Params): ConnectionData => new Credentials('API_KEY', params),
  /** `username` and `password`. */
  Basic: (params: Params): ConnectionData => new Credentials('BASIC', params),
  /** A `token`. */
  BearerToken: (params: Params): ConnectionData => new Credentials('BEARER_TOKEN', params),
  /** `username` and `password`, exchanged for a token. */
  BasicWithJWT: (params: Params): ConnectionData => new Credentials('BASIC_WITH_JWT', params),
  /** `credentials_json`. */
  GoogleServiceAccount: (params: Params): ConnectionData => new Credentials('GOOGLE_SERVICE_ACCOUNT', params),
  /** What Bill.com takes. */
  BillcomAuth: (params: Params): ConnectionData => new Credentials('BILLCOM_AUTH', params),
  /** What Cal.com takes. */
  CalcomAuth: (params: Params): ConnectionData => new Credentials('CALCOM_AUTH', params),
  /** Nothing, or what the app takes beside credentials. */
  NoAuth: (params?: Params): ConnectionData => new Credentials('NO_AUTH', params),
})

/**
 * The scheme and the credentials of a config. Its faults are told by name, never by value.
 *
 * @internal
 */
export function credentialsOf(config: ConnectionData | undefined): { authScheme?: SchemeName; params: Params } {
  if (config === undefined) return { params: {} }
  if (typeof config !== 'object' || config === null) {
    throw badArgument('config', `config must come from AuthScheme, or be an object like its, not ${kindOf(config)}`)
  }
  const { authScheme, val } = config
  const strays = Object.keys(config).filter((name) => name !== 'authScheme' && name !== 'val')
  if (strays.length > 0)
    throw badArgument('config', `credentials belong in config.val: move ${strays.join(', ')} there`)
  if (typeof val !== 'object' || val === null) {
    throw badArgument('config', `the credentials belong in config.val, an object by field name; it is ${kindOf(val)}`)
  }
  const { status = 'ACTIVE', ...params } = val
  if (status !== 'ACTIVE') {
    throw badArgument(
      'config',
      'config.val.status can only be ACTIVE: with keys and tokens nothing is left to do later',
    )
  }
  return { authScheme, params }
}
