// The provider double, as `tests/servers/run.py` has started it: addresses, scripts, log.
import { readFileSync } from 'node:fs'

const { env } = process

const ADDRESSES = {
  provider: env.KEYLATCH_TEST_PROVIDER_HTTPS,
  provider_http: env.KEYLATCH_TEST_PROVIDER_HTTP,
  other: env.KEYLATCH_TEST_OTHER,
  misnamed: env.KEYLATCH_TEST_MISNAMED,
  untrusted: env.KEYLATCH_TEST_UNTRUSTED,
}

/** Whether the double was started. */
export const started = env.KEYLATCH_TEST_PROVIDER_HTTP !== undefined

/** The authority that the double's certificates come from, in PEM. */
export const ca = () => readFileSync(env.KEYLATCH_TEST_CA, 'utf8')

/** One namespace of the double. */
export class Double {
  constructor(name) {
    if (!started) throw new Error('start this with tests/servers/run.py, or `make test`')
    this.control = `${ADDRESSES.provider_http}/_control/${name}`
    /** What the cases' predefined variables stand for. */
    this.addresses = {
      ...Object.fromEntries(Object.entries(ADDRESSES).map(([key, address]) => [key, `${address}/${name}`])),
      dead: env.KEYLATCH_TEST_DEAD,
      stripe: env.KEYLATCH_TEST_STRIPE,
    }
  }

  /** Sets what the namespace answers, and empties its log. */
  async script(routes) {
    const answer = await fetch(this.control, { method: 'PUT', body: JSON.stringify(routes) })
    if (!answer.ok) throw new Error(`the double refuses the script: ${await answer.text()}`)
  }

  /** The requests that came in, oldest first. */
  async requests() {
    return (await (await fetch(`${this.control}/requests`)).json()).items
  }
}
