// The test servers, as `tests/servers/run.py` has started them: the provider double, and Composio's API.
import { readFileSync } from 'node:fs'

const { env } = process

const ADDRESSES = {
  provider: env.KEYLATCH_TEST_PROVIDER_HTTPS,
  provider_http: env.KEYLATCH_TEST_PROVIDER_HTTP,
  other: env.KEYLATCH_TEST_OTHER,
  misnamed: env.KEYLATCH_TEST_MISNAMED,
  untrusted: env.KEYLATCH_TEST_UNTRUSTED,
}

/** Those that no namespace is below. */
const BARE = {
  dead: env.KEYLATCH_TEST_DEAD,
  stripe: env.KEYLATCH_TEST_STRIPE,
  composio: env.KEYLATCH_TEST_COMPOSIO,
  composio_https: env.KEYLATCH_TEST_COMPOSIO_HTTPS,
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
      ...BARE,
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

  /** Keys to sign with, which the double knows. */
  async keys() {
    return (await fetch(`${this.control}/keys`)).json()
  }
}

/** A project of its own on the Composio server. */
export class Project {
  constructor(name) {
    if (!BARE.composio) throw new Error('start this with tests/servers/run.py, or `make test`')
    /** What a client is opened with. */
    this.options = { apiKey: `ak_${name}`, baseUrl: BARE.composio }
    this.control = `${BARE.composio}/_control/${name}`
  }

  /** Makes the project afresh: with these toolkits, answers and faults, and nothing else. */
  async script(script) {
    await this.#tell('PUT', '', script)
  }

  /** Replaces the faults. */
  async faults({ faults }) {
    await this.#tell('POST', '/faults', { faults })
  }

  /** What came in, oldest request first. */
  requests() {
    return this.#ask('/requests')
  }

  /** The connected accounts, with the true values. */
  accounts() {
    return this.#ask('/accounts')
  }

  async #tell(method, path, said) {
    const answer = await fetch(this.control + path, { method, body: JSON.stringify(said) })
    if (!answer.ok) throw new Error(`the Composio server refuses the script: ${await answer.text()}`)
  }

  async #ask(path) {
    return (await fetch(this.control + path)).json()
  }
}
