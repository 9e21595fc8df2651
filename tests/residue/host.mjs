// The Node host: does what its standard input says, and lets go of each secret as soon as it has passed it on.
//
// `host.mjs main` calls from the main thread, `host.mjs worker` from a worker thread. README.md has the words.
import { readFileSync, readSync, writeSync } from 'node:fs'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'

// Another build of the package, to compare with.
const built = process.env.RESIDUE_NODE ?? '../../bindings-node/dist/index.mjs'
const { Keylatch, KeylatchError, Secret, secretBuffer } = await import(built)

const KEPT = []

/** The next line, read byte by byte: what stands behind it is a secret, for a buffer of its own. */
function words() {
  const byte = Buffer.alloc(1)
  let line = ''
  for (;;) {
    if (readSync(0, byte) === 0) process.exit(0)
    if (byte[0] === 10) return line.split(' ')
    line += byte.toString('latin1')
  }
}

/** A secret from standard input, straight into the buffer that is passed on. */
function secret(form, size) {
  const buffer = secretBuffer(Number(size))
  for (let done = 0; done < buffer.length;) done += readSync(0, buffer, { offset: done })
  return form === 'Secret' ? Secret.take(buffer) : buffer
}

/** What a call answered or threw, in a line. */
async function told(call) {
  try {
    const answer = await call
    return `ok ${answer?.connectedAccountId ?? answer?.id ?? ''}`
  } catch (error) {
    if (error instanceof KeylatchError) return `error ${error.code}`
    if (error.name === 'AbortError') return 'error cancelled'
    throw error
  }
}

/** The words, one method each; what a word works on is what the words before it made. */
class Host {
  #typed = []

  /** Lets go of what was passed on. */
  drop() {
    for (const value of this.#typed.splice(0)) if (value instanceof Secret) value.dispose()
  }

  async open(backend, where, timeout, strict, size) {
    const key = secret('buffer', size)
    const options = {
      timeoutMs: Number(timeout),
      strictSecrets: strict === 'strict',
      extraCa: readFileSync(process.env.KEYLATCH_TEST_CA, 'utf8'),
    }
    this.client =
      backend === 'vault'
        ? await Keylatch.open({ ...options, path: where, key })
        : await Keylatch.composio({ ...options, apiKey: key, baseUrl: where })
    return 'ok'
  }

  async transit(path, address, size) {
    const transit = { address, key: 'app', token: secret('buffer', size) }
    this.client = await Keylatch.open({ path, transit, extraCa: readFileSync(process.env.KEYLATCH_TEST_CA, 'utf8') })
    return 'ok'
  }

  async integrate(app, baseUrl, field, ...fixed) {
    const fixedValues = fixed.length ? Object.fromEntries([fixed]) : undefined
    const integration = await this.client.integrations.create({ app, baseUrl, fixedValues })
    this.integrationId = integration.id
    this.field = field
    return 'ok'
  }

  async initiate(...rest) {
    return this.#note(await told(this.#initiating(rest)))
  }

  async update(form, verify, size) {
    const connectionParams = this.#values(form, size)
    const { accountId: connectedAccountId } = this
    return told(this.client.connectedAccounts.updateCredentials({ connectedAccountId, verify, connectionParams }))
  }

  verify() {
    return told(this.client.connectedAccounts.verify(this.accountId))
  }

  request(path) {
    return told(this.client.request({ method: 'GET', path, connectedAccountId: this.accountId }))
  }

  stream(path) {
    const read = async () => {
      const answer = await this.client.requestStream({ method: 'GET', path, connectedAccountId: this.accountId })
      for await (const _ of answer);
    }
    return told(read())
  }

  /** Begins to initiate; `finish` waits for the end. */
  async start(...rest) {
    this.abort = new AbortController()
    this.underWay = told(this.#initiating(rest, this.abort.signal))
    return 'ok'
  }

  async finish() {
    const said = await this.underWay
    this.underWay = undefined
    return this.#note(said)
  }

  cancel() {
    this.abort.abort()
    return this.finish()
  }

  close() {
    return told(this.client.close())
  }

  export(path, size) {
    return told(this.client.exportVault({ path, passphrase: secret('buffer', size) }))
  }

  import(path, size) {
    return told(this.client.importVault({ path, passphrase: secret('buffer', size) }))
  }

  /** Keeps a secret object. */
  async hold(size) {
    KEPT.push(secret('Secret', size))
    return 'ok'
  }

  /** Lets the main thread end this one, with what is under way. */
  end() {
    parentPort.postMessage('end')
    return new Promise(() => {})
  }

  /** Leaves a copy where the scan must find it. */
  async plant(kind, _where, size) {
    const given = secret('buffer', size)
    if (kind === 'string') KEPT.push(given.toString('latin1'))
    if (kind === 'alloc') {
      // As programs do that copy a key byte by byte: a small buffer of this kind lives on V8's heap.
      const copy = Buffer.alloc(given.length)
      for (let i = 0; i < given.length; i++) copy[i] = given[i]
      Secret.take(copy).dispose()
    }
    given.fill(0)
    return 'ok'
  }

  #initiating([form, verify, entityId, size], signal) {
    const connectionParams = this.#values(form, size)
    return this.client.initiateConnection({
      entityId,
      integrationId: this.integrationId,
      verify,
      connectionParams,
      signal,
    })
  }

  #values(form, size) {
    this.#typed.push(secret(form, size))
    return { [this.field]: this.#typed.at(-1) }
  }

  #note(said) {
    if (said.startsWith('ok ')) this.accountId = said.slice(3)
    return said
  }
}

/** A worker that obeys, and after its end another. */
function employ() {
  const worker = new Worker(new URL(import.meta.url))
  worker.once('message', async () => {
    await worker.terminate()
    employ()
    writeSync(1, 'ok\n')
  })
}

if (isMainThread && process.argv[2] === 'worker') {
  employ()
} else {
  const host = new Host()
  for (;;) {
    const [word, ...rest] = words()
    const said = await host[word](...rest)
    if (word !== 'start') host.drop()
    writeSync(1, `${said}\n`)
  }
}
