// Initiating a connection, which the client, its entities and its connected accounts all offer.
import { asOptions, type CallOptions, type Calls } from './calls'
import { ConnectionRequest } from './connection-request'
import type { AuthScheme, Json } from './model'
import type { Params } from './params'

/**
 * Whether and how hard to ask the provider about a credential.
 *
 * - `auto`: ask where the app has a check; refuse what the provider rejects and what is not the provider; take the rest
 *   with its verdict.
 * - `required`: take only what the provider has accepted.
 * - `off`: do not ask.
 */
export type Verify = 'auto' | 'required' | 'off'

/** A user's credentials, and the integration or app that they are for. */
export interface InitiateOptions extends CallOptions {
  /** The application's user. */
  entityId: string
  /** The integration; or name the app. */
  integrationId?: string | undefined
  /** The app, in any case; its newest fitting integration is taken, or a default one made. */
  appName?: string | undefined
  /** The auth scheme, where the app has several. */
  authScheme?: AuthScheme | undefined
  /** The same as `authScheme`. */
  authMode?: AuthScheme | undefined
  /** What the user typed, by wire name. Bytes are filled with zeros before the call returns its Promise. */
  connectionParams?: Params | undefined
  /** Whether to ask the provider. Default: `auto`. */
  verify?: Verify | undefined
  /** The application's name for the connection, unique per entity and app. */
  alias?: string | undefined
  /** The application's labels, to list by. */
  labels?: readonly string[] | undefined
  /** The application's own JSON, at most 64 KiB; kept as it is. */
  metadata?: Json | undefined
  /** Make another connection although the entity has an active one with the integration. Default: no. */
  allowMultiple?: boolean | undefined
  /** Put the credentials in the place of those of the entity's connection with the integration. Default: no. */
  replace?: boolean | undefined
  /** Where the user's browser would go after a redirect. Keys and tokens need none, so only Composio's API is told. */
  callbackUrl?: string | undefined
}

/**
 * Checks and stores credentials.
 *
 * @internal
 */
export async function initiate(calls: Calls, given: InitiateOptions): Promise<ConnectionRequest> {
  const { authMode, authScheme = authMode, connectionParams, ...args } = asOptions('initiateConnection', given)
  const params: [string, unknown] = ['connectionParams', connectionParams]
  const raw = await calls.value<{ evidence: { status: number | null }[] }>(
    'initiate_connection',
    { ...args, authScheme },
    { params },
  )
  return new ConnectionRequest(calls, raw)
}
