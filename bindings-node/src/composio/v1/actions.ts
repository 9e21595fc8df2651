// Actions and raw requests over connections.
import type { ExecuteActionOptions } from '../../actions'
import { asOptions } from '../../calls'
import type { Json } from '../../model'
import type { Backend } from '../backend'
import { userOf } from '../input'
import { outcomeOf, type ActionOutcome } from '../outcome'
import { bodyOf, proxied, type ProxyRequest } from '../proxy'

/** How an action ended, with both spellings of `successful`. */
export interface ActionOutcomeV1 extends ActionOutcome {
  /** The same as `successful`. */
  successfull: boolean
}

/** An action, what it takes, and whose connection to use. */
export interface ExecuteActionV1 extends Omit<ExecuteActionOptions, 'action'> {
  /** The action's name, in any case; or give `actionName`. */
  action?: string | undefined
  /** The same as `action`. */
  actionName?: string | undefined
}

/** What `actions.execute` takes. */
export interface ActionRequestV1 {
  /** The action's name, in any case. */
  actionName: string
  /** What it takes, and whose connection to use. */
  requestBody: {
    /** What the action takes. */
    input?: Readonly<Record<string, unknown>> | undefined
    /** The connection to use. */
    connectedAccountId?: string | undefined
    /** Whose connection to use. Default: the toolset's user. */
    entityId?: string | undefined
    /** Taken and not needed: the action's name says it. */
    appName?: string | undefined
    /** Stops the call. */
    signal?: AbortSignal | undefined
  }
}

/** What can be done over connections. */
export class ActionsV1 {
  readonly #backend: Backend
  readonly #entityId: string | undefined

  /** @internal */
  constructor(backend: Backend, entityId: string | undefined) {
    this.#backend = backend
    this.#entityId = entityId
  }

  /**
   * Does what an action says.
   *
   * @throws What `toolset.executeAction` throws.
   */
  async execute(options: ActionRequestV1): Promise<ActionOutcomeV1> {
    const { actionName, requestBody } = asOptions('actions.execute', options)
    const { input, appName: _, ...rest } = asOptions('actions.execute', requestBody)
    return executeAction(this.#backend, 'actions.execute', { ...rest, actionName, params: input }, this.#entityId)
  }

  /**
   * Sends a request to the app with the user's credential in it. Any status but 200 to 299 is `successful` false.
   *
   * @throws What Keylatch's own `request` throws.
   */
  async executeRequest(options: ProxyRequest): Promise<ActionOutcomeV1> {
    const response = await proxied(this.#backend.client(), 'executeRequest', asOptions('executeRequest', options))
    const error = response.ok ? null : `the app answered ${response.status}`
    return { data: objectOf(bodyOf(response)), error, successful: response.ok, successfull: response.ok }
  }
}

/** @internal */
export async function executeAction(
  backend: Backend,
  call: string,
  options: ExecuteActionV1,
  ownUser?: string,
): Promise<ActionOutcomeV1> {
  const { actionName, action = actionName, entityId, ...rest } = asOptions(call, options)
  // A connection says whose it is; the toolset's user decides only where nothing else does.
  const whose =
    rest.connectedAccountId === undefined
      ? userOf(call, 'entityId or connectedAccountId, here or an entityId to the toolset', entityId, ownUser)
      : entityId
  const client = await backend.client()
  // The core says what is wrong where no action is named.
  const outcome = await outcomeOf(client, { ...rest, action: action as string, entityId: whose })
  return { ...outcome, successfull: outcome.successful }
}

function objectOf(body: Json): { readonly [name: string]: Json } {
  return typeof body === 'object' && body !== null && !Array.isArray(body) ? body : { value: body }
}
