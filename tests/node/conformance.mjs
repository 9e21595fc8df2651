// Runs the conformance cases through the public API, with a vault and on Composio's API.
//
//     python tests/servers/run.py -- node tests/node/conformance.mjs [WORDS]
//
// WORDS runs only the cases whose names contain them.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout } from 'node:timers/promises'

import { diagnose, Keylatch, Response, setLog } from '../../bindings-node/dist/index.mjs'
import { ca, Double, Project } from './double.mjs'
import { difference, errorDifference } from './matching.mjs'
import { note, noteControl } from './sayings.mjs'
import { fromError, fromResult, toArguments } from './wire.mjs'

const CASES = path.join(import.meta.dirname, '..', 'cases')

/** Of every runner's vaults; `tests/leaks.py` looks for it. */
const VAULT_KEY = 'keylatch-vault-key-of-the-runner'

/** The URL of the server, where the cases are to be run on a vault in PostgreSQL. */
const POSTGRES = process.env.KEYLATCH_TEST_POSTGRES

/** Each backend with the name that its counts go by. */
const BACKENDS = POSTGRES ? { postgres: 'node-postgres' } : { embedded: 'node', composio: 'node-composio' }

/** Which option of which call takes the credential values. */
const PARAMS = {
  initiate_connection: 'connectionParams',
  'connected_accounts.update_credentials': 'connectionParams',
  'integrations.create': 'fixedValues',
}

/** Calls that take a definition as it is, not named arguments. */
const DEFINITION = 'apps.register'

/** The call that takes one credential value, and no named arguments. */
const VALUE = 'apps.identify'

/** The calls that take secrets among their options. */
const AMONG_OPTIONS = new Set(['change_key', 'export_vault', 'import_vault'])

/** The call that gives one answer after the other. */
const PAGES = 'request_pages'
const STREAM = 'request_stream'

/** Calls that answer with what the app says. */
const ECHOING = new Set(['request', PAGES, 'execute_action'])

async function all(iterator) {
  const items = []
  for await (const item of iterator) items.push(item)
  return items
}

class Failed extends Error {}

/** All cases; an app that is a name stands for one of its file's apps. */
function load() {
  const files = readdirSync(CASES).filter((name) => name.endsWith('.json'))
  return files.sort().flatMap((name) => {
    const { cases, apps: shared = {} } = JSON.parse(readFileSync(path.join(CASES, name), 'utf8'))
    return cases.map((each) => ({ ...each, apps: (each.apps ?? []).map((app) => shared[app] ?? app) }))
  })
}

/** A copy with every ${name} filled in; a text that is one placeholder takes the variable's own type. */
function fill(value, variables) {
  if (Array.isArray(value)) return value.map((item) => fill(item, variables))
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, item]) => [fill(key, variables), fill(item, variables)])
    return Object.fromEntries(entries)
  }
  if (typeof value !== 'string') return value
  const whole = /^\$\{([^}]*)\}$/.exec(value)
  if (whole && whole[1] in variables) return variables[whole[1]]
  return value.replace(/\$\{([^}]*)\}/g, (as, name) => String(variables[name] ?? as))
}

/** A credential value; `{"$bytes": text}` is one in a buffer that can be wiped. */
function valueOf(value) {
  return typeof value === 'object' && value !== null && '$bytes' in value ? Buffer.from(value.$bytes) : value
}

function at(result, pointer) {
  const found = pointer
    .split('/')
    .slice(1)
    .reduce((value, part) => value?.[part], result)
  if (found === undefined) throw new Failed(`nothing at ${pointer} to save`)
  return found
}

/** The options of a vault in this folder, or of a tenant in PostgreSQL. */
function vaultOptions(folder, space, options) {
  const { key_hex: hex, key_file: keyFile, passphrase, transit, ...others } = options
  const { api_key: _key, api_version: _version, base_url: _url, ...rest } = others
  const key = hex === undefined ? Buffer.from(VAULT_KEY) : Buffer.from(hex, 'hex')
  const named = { keyFile, passphrase, transit: transit && toArguments(transit) }
  const opener = Object.values(named).every((each) => each === undefined) ? { key } : named
  const made = { path: POSTGRES ?? path.join(folder, 'vault.db'), ...opener, ...toArguments(rest) }
  if (POSTGRES && rest.tenant !== '') made.tenant = `${space}-${rest.tenant ?? 'default'}`
  return made
}

/** A client of this project on the Composio server. */
function openProject(project, given) {
  const { path: _path, tenant: _tenant, key_hex: _key, key_file: _file, passphrase: _passphrase, ...others } = given
  const { hold_for_ms: _time, audit: _audit, ...options } = others
  return Keylatch.composio({ ...project.options, ...toArguments(options) })
}

/** One case on one backend, on a vault or a project of its own. */
class Run {
  constructor(given, space, backend) {
    this.given = given
    this.space = space
    this.double = new Double(space)
    this.variables = { ...this.double.addresses, api_key: `ak_${space}`, ...(POSTGRES && { postgres: POSTGRES }) }
    this.project = backend === 'composio' ? new Project(space) : undefined
    this.apps = fill(given.apps, this.variables)
    /** Connections that the client told of. */
    this.expired = []
    /** What the library told. */
    this.logged = []
  }

  async allSteps() {
    this.folder = mkdtempSync(path.join(process.env.KEYLATCH_TEST_KEEP ?? tmpdir(), 'keylatch-case-'))
    this.variables.folder = this.folder
    try {
      await this.double.script(fill(this.given.provider ?? {}, this.variables))
      await this.project?.script({ toolkits: this.apps, ...fill(this.given.composio ?? {}, this.variables) })
      await this.open({})
      for (const [i, step] of this.given.steps.entries()) {
        const problem = await this.step(step)
        if (problem) throw new Failed(`step ${i + 1} (${step.call}): ${problem}`)
      }
    } finally {
      note(this.client)
      await this.client?.close()
      if (!process.env.KEYLATCH_TEST_KEEP) rmSync(this.folder, { recursive: true, force: true })
    }
  }

  async open(also) {
    const options = this.options(also)
    if (!this.project) options.onExpired = (expired) => this.expired.push(expired)
    this.client = await (this.project
      ? openProject(this.project, options)
      : Keylatch.open(vaultOptions(this.folder, this.space, options)))
    // On Composio's API some cases are about apps that only the server knows.
    const apps = this.project && this.given.register === false ? [] : this.apps
    for (const app of apps) await this.client.apps.register(app)
  }

  options(also) {
    return { extra_ca: ca(), ...fill(this.given.client ?? {}, this.variables), ...also }
  }

  async diagnose(also) {
    const found = await diagnose(vaultOptions(this.folder, this.space, this.options(also)))
    note(found)
    return fromResult(found)
  }

  async step(step) {
    let result
    try {
      result = await this.call(step)
    } catch (thrown) {
      if (thrown instanceof Failed) throw thrown
      note(thrown)
      const error = fromError(thrown)
      if (!step.error) return `failed: ${error.code}: ${error.message}`
      return errorDifference(fill(step.error, this.variables), error)
    }
    if (step.error) return `succeeded with ${JSON.stringify(result)}`
    for (const [name, pointer] of Object.entries(step.save ?? {})) this.variables[name] = at(result, pointer)
    return 'expect' in step ? difference(fill(step.expect, this.variables), result, 'result') : undefined
  }

  async call({ call, args: raw = {}, params = {}, body, pieces }) {
    const args = fill(raw, this.variables)
    switch (call) {
      case 'client.close':
        await this.client.close()
        return {}
      case 'client.reopen':
        await this.client.close()
        await this.open(args)
        return {}
      case 'client.diagnose':
        return this.diagnose(args)
      case 'client.log':
        setLog((record) => this.logged.push(record), args)
        return {}
      case 'client.logged':
        await setTimeout(20) // records come on the event loop, soon after the call
        note(this.logged)
        return { items: this.logged.splice(0) }
      case 'client.expired':
        return fromResult(this.expired.splice(0))
      case 'provider.script':
        await this.double.script(args)
        return {}
      case 'provider.requests':
        return { items: await this.double.requests() }
      case 'provider.keys':
        return this.double.keys()
      case 'composio.requests':
        return this.project.requests()
      case 'composio.accounts':
        return this.project.accounts()
      case 'composio.faults':
        await this.project.faults(args)
        return {}
    }
    const value = call === VALUE ? valueOf(fill(params, this.variables).value) : args.definition
    const options = call === DEFINITION || call === VALUE ? value : toArguments(args)
    if (call in PARAMS || AMONG_OPTIONS.has(call)) {
      const values = Object.entries(fill(params, this.variables)).map(([name, value]) => [name, valueOf(value)])
      if (options.transit) options.transit = { ...toArguments(options.transit), ...Object.fromEntries(values) }
      else if (AMONG_OPTIONS.has(call)) Object.assign(options, Object.fromEntries(values))
      else options[PARAMS[call]] = Object.fromEntries(values)
    }
    if (options.paging) options.paging = toArguments(options.paging)
    if (body !== undefined) options.body = fill(body, this.variables)
    if (pieces !== undefined) options.body = inPieces(pieces)
    const names = call.split('.').map((name) => Object.keys(toArguments({ [name]: 0 }))[0])
    const method = names.pop()
    const owner = names.reduce((owner, name) => owner[name], this.client)
    let answer = call === PAGES ? await all(owner[method](options)) : await owner[method](options)
    if (call === STREAM) answer = await putTogether(answer)
    // What the app says through Composio may echo its credential (`echo-not-masked` in docs/backends.md).
    if (!this.project || !ECHOING.has(call)) note(answer)
    return fromResult(answer)
  }
}

async function* inPieces(texts) {
  for (const text of texts) yield Buffer.from(text)
}

/** An answer in pieces as one that came whole. */
async function putTogether(answer) {
  return new Response(answer.status, [...answer.headers], Buffer.concat(await all(answer)), answer.tries)
}

/** Whether the case is for this backend, where `embedded` is a vault in a file. */
function runsOn({ backends = ['embedded', 'composio'], file_only: why }, backend) {
  return backends.includes(backend) || (backend === 'postgres' && backends.includes('embedded') && !why)
}

/** Runs those of the cases that are for this backend; counts what failed, and all. */
async function runAll(cases, backend) {
  const runner = BACKENDS[backend]
  const chosen = cases.filter((each) => runsOn(each, backend))
  let failures = 0
  for (const [i, given] of chosen.entries()) {
    try {
      await new Run(given, `${runner}-${i}`, backend).allSteps()
    } catch (error) {
      failures += 1
      console.log(
        `FAILED ${runner}: ${given.name}: ${error instanceof Failed ? error.message : (error.stack ?? error)}`,
      )
    }
  }
  console.log(`conformance ${runner}: ${chosen.length - failures} passed, ${failures} failed`)
  return { failures, count: chosen.length }
}

noteControl()
const words = process.argv[2] ?? ''
const cases = load().filter(({ name }) => name.includes(words))
let [failures, count] = [0, 0]
for (const backend of Object.keys(BACKENDS)) {
  const run = await runAll(cases, backend)
  failures += run.failures
  count += run.count
}
process.exitCode = failures === 0 && count > 0 ? 0 : 1
