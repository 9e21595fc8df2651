// The answer to `initiateConnection`.
import type { CallOptions, Calls } from './calls'
import { badArgument, type Verdict } from './errors'
import { evidenceOf, type Connection, type Evidence, type Status, type Warning } from './model'
import { camelKeys } from './names'

/** ACTIVE at once, since with keys and tokens there is nothing to redirect to. */
export class ConnectionRequest {
  /** `ACTIVE`. */
  declare readonly connectionStatus: Status
  /** Id of the connection. */
  declare readonly connectedAccountId: string
  /** Always `null` for keys and tokens. */
  declare readonly redirectUrl: string | null
  /** What the provider said of the credentials. */
  declare readonly verdict: Verdict
  /** The requests behind the verdict. */
  declare readonly evidence: readonly Evidence[]
  /** Whose account it is, where the provider tells. */
  declare readonly account?: string
  /** What was put right in the input. */
  declare readonly warnings: readonly Warning[]
  /** Whether an existing connection got new credentials instead of a new one being made. */
  declare readonly replaced: boolean

  readonly #calls: Calls

  /** @internal */
  constructor(calls: Calls, raw: { evidence: { status: number | null }[] }) {
    this.#calls = calls
    Object.assign(this, camelKeys(raw), { evidence: evidenceOf(raw.evidence) })
  }

  /**
   * The connection, once it is ACTIVE: with keys and tokens at once.
   *
   * @param timeoutSeconds - How long to wait at most, in seconds. Default: 60.
   * @throws What `client.connectedAccounts.waitUntilActive` throws.
   */
  async waitUntilActive(timeoutSeconds: number = 60, options: CallOptions = {}): Promise<Connection> {
    if (typeof timeoutSeconds !== 'number' || !(timeoutSeconds >= 0)) {
      throw badArgument('timeout', 'the timeout must be a number of seconds, 0 or more')
    }
    // The core counts whole milliseconds.
    const timeoutMs = Math.min(Math.round(timeoutSeconds * 1000), Number.MAX_SAFE_INTEGER)
    const args = { connectedAccountId: this.connectedAccountId, timeoutMs, signal: options.signal }
    return camelKeys(await this.#calls.value<object>('connected_accounts.wait_until_active', args))
  }
}
