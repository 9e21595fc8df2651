// Initiating a connection, which toolsets, clients and entities all offer.
import { asOptions } from '../../calls'
import type { ConnectionRequest } from '../../connection-request'
import { badArgument } from '../../errors'
import type { InitiateOptions } from '../../initiate'
import type { Backend } from '../backend'
import { holding } from '../input'
import { fittingIntegration, type DeveloperValues } from '../settings'

/**
 * A user's credentials, and the integration or app that they are for. As with Composio, each call makes a connection of its
 * own; `allowMultiple: false` refuses a second one, `replace: true` puts the new credentials in the place of the present ones.
 */
export interface InitiateV1 extends Omit<InitiateOptions, 'entityId'> {
  /**
   * What you, the developer, give: the app's newest integration with values for the same fields is taken, else one is made.
   * Not together with `integrationId`.
   */
  authConfig?: DeveloperValues | undefined
  /** The same as `callbackUrl`. */
  redirectUri?: string | undefined
}

/**
 * Initiates a connection of the user that `whose` names.
 *
 * @internal
 */
export async function initiate(backend: Backend, options: InitiateV1, whose: () => string): Promise<ConnectionRequest> {
  const { authConfig, connectionParams, ...given } = asOptions('initiateConnection', options)
  return holding([connectionParams, authConfig], async ([values, settings]) => {
    const { redirectUri, callbackUrl = redirectUri, authMode, authScheme = authMode, ...rest } = given
    const ask = { ...rest, entityId: whose(), authScheme, connectionParams: values }
    const client = await backend.client()
    if (settings && Object.keys(settings).length > 0) {
      const { integrationId, appName, signal } = rest
      if (integrationId !== undefined || appName === undefined) {
        throw badArgument(
          'authConfig',
          'authConfig belongs to an integration of an app: give appName, and no integrationId',
        )
      }
      ask.integrationId = (await fittingIntegration(client, { app: appName, authScheme, signal }, settings)).id
    }
    const allowMultiple = rest.allowMultiple ?? !rest.replace
    return client.initiateConnection({ ...ask, allowMultiple, callbackUrl: callbackUrl || undefined })
  })
}
