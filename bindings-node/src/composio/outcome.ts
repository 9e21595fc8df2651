// Doing an action as Composio does: the newest connection that fits, and a failure of the app as an answer.
import type { ExecuteActionOptions } from '../actions'
import type { Keylatch } from '../client'
import { ActionFailedError } from '../errors'
import type { ActionResult, Json } from '../model'
import { newestOf } from './newest'

/** How an action ended. */
export interface ActionOutcome {
  /** The app's answer; empty where the action failed. */
  data: { readonly [name: string]: Json }
  /** Why it failed. */
  error: string | null
  /** Whether it succeeded. */
  successful: boolean
  /** Composio's id for what it did. */
  logId?: string
}

/** @internal */
export async function outcomeOf(client: Keylatch, ask: ExecuteActionOptions): Promise<ActionOutcome> {
  try {
    return { ...(await result(client, ask)), error: null }
  } catch (error) {
    if (!(error instanceof ActionFailedError)) throw error
    return { data: {}, error: error.message, successful: false }
  }
}

async function result(client: Keylatch, ask: ExecuteActionOptions): Promise<ActionResult> {
  try {
    return await client.executeAction(ask)
  } catch (error) {
    const { id } = await newestOf(client, error, ask.signal)
    return client.executeAction({ ...ask, connectedAccountId: id })
  }
}
