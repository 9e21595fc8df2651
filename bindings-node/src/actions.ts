// Actions: things that Keylatch knows how to do with an app, by name.
import { asOptions, type CallOptions, type Calls } from './calls'
import type { ActionResult } from './model'
import { camelKeys } from './names'

/** An action, what it takes, and whose connection to use. */
export interface ExecuteActionOptions extends CallOptions {
  /** The action's name, such as `STRIPE_RETRIEVE_BALANCE`, in any case. */
  action: string
  /** What it takes, as JSON. */
  params?: Readonly<Record<string, unknown>> | undefined
  /** Whose connection to the action's app to use. */
  entityId?: string | undefined
  /** The connection to use, instead of the entity's only one. */
  connectedAccountId?: string | undefined
  /** Longest time in milliseconds. Default: the client's `timeoutMs`. */
  timeoutMs?: number | undefined
}

/**
 * Does what an action says.
 *
 * @internal
 */
export async function executeAction(calls: Calls, options: ExecuteActionOptions): Promise<ActionResult> {
  return camelKeys(await calls.value<object>('execute_action', asOptions('executeAction', options)))
}
