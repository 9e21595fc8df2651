// Runs the conformance cases through the public API.
//
//     python tests/servers/run.py -- node tests/node/conformance.mjs [WORDS]
//
// WORDS runs only the cases whose names contain them.
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { inspect } from 'node:util'

import { Keylatch } from '../../bindings-node/dist/index.mjs'
import { ca, Double } from './double.mjs'
import { difference, errorDifference } from './matching.mjs'
import { fromError, fromResult, toArguments } from './wire.mjs'

const CASES = path.join(import.meta.dirname, '..', 'cases')

/** Which option of which call takes the credential values. */
const PARAMS = {
  initiate_connection: 'connectionParams',
  'connected_accounts.update_credentials': 'connectionParams',
  'integrations.create': 'fixedValues',
}

/** Calls that take a definition as it is, not named arguments. */
const DEFINITION = 'apps.register'

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

/** Writes down all that a call says, in every form, for the search for credentials (`tests/leaks.py`). */
function note(said) {
  const file = process.env.KEYLATCH_TEST_SAYINGS
  if (!file) return
  const shown = inspect(said, { depth: 12, showHidden: true, getters: true })
  appendFileSync(file, `${String(said)}\n${shown}\n${JSON.stringify(said)}\n${said?.stack ?? ''}\n`)
}

/** One case on a vault of its own. */
class Run {
  constructor(given, space) {
    this.given = given
    this.double = new Double(space)
    this.variables = { ...this.double.addresses }
  }

  async allSteps() {
    this.folder = mkdtempSync(path.join(process.env.KEYLATCH_TEST_KEEP ?? tmpdir(), 'keylatch-case-'))
    try {
      await this.double.script(fill(this.given.provider ?? {}, this.variables))
      await this.open({})
      for (const [i, step] of this.given.steps.entries()) {
        const problem = await this.step(step)
        if (problem) throw new Failed(`step ${i + 1} (${step.call}): ${problem}`)
      }
    } finally {
      await this.client?.close()
      if (!process.env.KEYLATCH_TEST_KEEP) rmSync(this.folder, { recursive: true, force: true })
    }
  }

  async open(also) {
    const { key_hex: hex, passphrase, ...options } = { ...this.given.client, ...also }
    const key = hex === undefined ? Buffer.alloc(32, 7) : Buffer.from(hex, 'hex')
    this.client = await Keylatch.open({
      path: path.join(this.folder, 'vault.db'),
      ...(passphrase === undefined ? { key } : { passphrase }),
      extraCa: ca(),
      ...toArguments(options),
    })
    for (const app of this.given.apps) await this.client.apps.register(fill(app, this.variables))
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

  async call({ call, args: raw = {}, params = {}, body }) {
    const args = fill(raw, this.variables)
    switch (call) {
      case 'client.close':
        await this.client.close()
        return {}
      case 'client.reopen':
        await this.client.close()
        await this.open(args)
        return {}
      case 'provider.script':
        await this.double.script(args)
        return {}
      case 'provider.requests':
        return { items: await this.double.requests() }
    }
    const options = call === DEFINITION ? args.definition : toArguments(args)
    if (call in PARAMS) {
      const values = Object.entries(fill(params, this.variables)).map(([name, value]) => [name, valueOf(value)])
      options[PARAMS[call]] = Object.fromEntries(values)
    }
    if (body !== undefined) options.body = fill(body, this.variables)
    const names = call.split('.').map((name) => Object.keys(toArguments({ [name]: 0 }))[0])
    const method = names.pop()
    const owner = names.reduce((owner, name) => owner[name], this.client)
    const answer = await owner[method](options)
    note(answer)
    return fromResult(answer)
  }
}

const words = process.argv[2] ?? ''
const cases = load().filter(({ name }) => name.includes(words))
let failures = 0
for (const [i, given] of cases.entries()) {
  try {
    await new Run(given, `node-${i}`).allSteps()
  } catch (error) {
    failures += 1
    console.log(`FAILED node: ${given.name}: ${error instanceof Failed ? error.message : (error.stack ?? error)}`)
  }
}
console.log(`conformance node: ${cases.length - failures} passed, ${failures} failed`)
process.exitCode = failures === 0 && cases.length > 0 ? 0 : 1
