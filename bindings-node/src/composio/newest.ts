// Of several connections of one user that fit, Composio takes the newest, where Keylatch alone would ask which.
import type { Keylatch } from '../client'
import { AmbiguousError } from '../errors'
import type { Connection } from '../model'

/**
 * The newest of the connections that `error` could not choose from; throws any other error.
 *
 * @internal
 */
export async function newestOf(client: Keylatch, error: unknown, signal?: AbortSignal): Promise<Connection> {
  if (!(error instanceof AmbiguousError) || error.candidates.length === 0) throw error
  const get = (connectedAccountId: string) => client.connectedAccounts.get({ connectedAccountId, signal })
  const all = await Promise.all(error.candidates.map(get))
  return all.reduce((newest, each) => (each.createdAt > newest.createdAt ? each : newest))
}
