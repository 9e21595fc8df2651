// `composio.toolkits`: which fields a toolkit takes, of users and of the developer.
import type { CallOptions } from '../../calls'
import { UnsupportedSchemeError } from '../../errors'
import type { AuthScheme, Field, Scheme } from '../../model'
import type { Backend } from '../backend'

/** Which of the fields are wanted. */
export interface FieldsOptions extends CallOptions {
  /** Only those that must be given. Default: no. */
  requiredOnly?: boolean | undefined
}

/** The toolkits: apps. */
export class Toolkits {
  readonly #backend: Backend

  /** @internal */
  constructor(backend: Backend) {
    this.#backend = backend
  }

  /**
   * What a user gives to connect the app with this scheme; without a scheme, with the one that the app prefers.
   *
   * @example
   * ```ts
   * const fields = await composio.toolkits.getConnectedAccountInitiationFields('stripe', 'API_KEY')
   * for (const field of fields) console.log(field.displayName, field.description, field.isSecret)
   * ```
   * @throws UnknownAppError, UnsupportedSchemeError
   */
  async getConnectedAccountInitiationFields(
    toolkit: string,
    authScheme?: AuthScheme | null,
    { requiredOnly, signal }: FieldsOptions = {},
  ): Promise<Field[]> {
    return chosen((await this.#scheme(toolkit, authScheme, signal)).fields, requiredOnly)
  }

  /**
   * What you, the developer, give when an auth config of the app is made; nothing on a local vault.
   *
   * @throws UnknownAppError, UnsupportedSchemeError
   */
  async getAuthConfigCreationFields(
    toolkit: string,
    authScheme?: AuthScheme | null,
    { requiredOnly, signal }: FieldsOptions = {},
  ): Promise<Field[]> {
    return chosen((await this.#scheme(toolkit, authScheme, signal)).developerFields, requiredOnly)
  }

  async #scheme(toolkit: string, authScheme?: AuthScheme | null, signal?: AbortSignal): Promise<Scheme> {
    const { name, schemes } = await (await this.#backend.client()).apps.get({ app: toolkit, signal })
    const wanted = authScheme?.toUpperCase()
    const scheme = wanted === undefined ? schemes[0] : schemes.find((each) => each.authScheme === wanted)
    if (scheme) return scheme
    const offered = schemes.map((each) => each.authScheme).join(', ') || 'no way that takes a key'
    const message = `${name} is not connected with ${wanted ?? 'keys'}; it offers ${offered}`
    throw new UnsupportedSchemeError({ code: 'unsupported_scheme', message, fields: ['auth_scheme'] })
  }
}

function chosen(fields: readonly Field[], requiredOnly: boolean | undefined): Field[] {
  return fields.filter((field) => field.required || !requiredOnly)
}
