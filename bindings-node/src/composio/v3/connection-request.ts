// The answer to `composio.connectedAccounts.initiate`.
import type { ConnectionRequest } from '../../connection-request'
import type { Verdict } from '../../errors'
import type { Status } from '../../model'
import type { ConnectedAccountV3 } from './accounts'

/** ACTIVE at once, since with keys and tokens there is nothing to redirect to. */
export class ConnectionRequestV3 {
  /** Id of the connection. */
  readonly id: string
  /** `ACTIVE`. */
  readonly status: Status
  /** Always `null` for keys and tokens. */
  readonly redirectUrl: string | null
  /** What the provider said of the credentials. */
  readonly verdict: Verdict
  readonly #wait: (id: string, timeout?: number) => Promise<ConnectedAccountV3>

  /** @internal */
  constructor(made: ConnectionRequest, wait: (id: string, timeout?: number) => Promise<ConnectedAccountV3>) {
    this.id = made.connectedAccountId
    this.status = made.connectionStatus
    this.redirectUrl = made.redirectUrl
    this.verdict = made.verdict
    this.#wait = wait
  }

  /**
   * The connection, once it is ACTIVE: with keys and tokens at once.
   *
   * @param timeout - How long to wait at most, in milliseconds. Default: 60 000.
   * @throws What `connectedAccounts.waitForConnection` throws.
   */
  waitForConnection(timeout?: number): Promise<ConnectedAccountV3> {
    return this.#wait(this.id, timeout)
  }
}
