// Lists of connections by several users, apps or integrations at once.
import type { ConnectionFilter } from '../accounts'
import type { Connection } from '../model'

/**
 * Which connections are wanted. An empty list means any.
 *
 * @internal
 */
export interface Wanted {
  users: readonly string[]
  apps: readonly string[]
  integrations: readonly string[]
  ids: readonly string[]
  statuses: readonly string[]
  /** Whether those count that are switched off, where no status is named. */
  switchedOff: boolean
}

/**
 * Every status but INACTIVE: Composio's lists leave out what is switched off, unless it is asked for.
 *
 * @internal
 */
export const SWITCHED_ON = ['INITIALIZING', 'INITIATED', 'ACTIVE', 'FAILED', 'EXPIRED', 'REVOKED']

/**
 * Single values as the client's own filter; several of a kind are compared here.
 *
 * @internal
 */
export function narrowed(wanted: Wanted): { filter: ConnectionFilter; fits: (connection: Connection) => boolean } {
  const only = (values: readonly string[]): string | undefined => (values.length === 1 ? values[0] : undefined)
  const among = (values: readonly string[], value: string): boolean => values.length === 0 || values.includes(value)
  const apps = wanted.apps.map((app) => app.toLowerCase())
  const filter = {
    entityId: only(wanted.users),
    app: only(apps),
    integrationId: only(wanted.integrations),
    statuses: wanted.statuses.length > 0 || wanted.switchedOff ? wanted.statuses : SWITCHED_ON,
  }
  const fits = (connection: Connection): boolean =>
    among(wanted.users, connection.entityId) &&
    among(apps, connection.app.toLowerCase()) &&
    among(wanted.integrations, connection.integrationId) &&
    among(wanted.ids, connection.id)
  return { filter, fits }
}
