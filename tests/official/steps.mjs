// What the Node programs share: named steps, checks of values, and no way out of this machine. As steps.py.
import dns from 'node:dns'
import { appendFileSync } from 'node:fs'

const LOOPBACK = new Set(['localhost', '127.0.0.1'])
const lookUp = dns.lookup

// Credentials are at work here: whatever an SDK wants to report to its vendor stays here too.
dns.lookup = (host, ...rest) => {
  if (LOOPBACK.has(host)) return lookUp(host, ...rest)
  const error = Object.assign(new Error(`${host} is not on this machine`), { code: 'ENOTFOUND' })
  return rest.at(-1)(error)
}

async function report(line) {
  const answer = await fetch(`${process.env.OFFICIAL_CONTROL}/requests`)
  const upto = (await answer.json()).items.length
  appendFileSync(process.env.OFFICIAL_REPORT, JSON.stringify({ ...line, upto }) + '\n')
}

/** A step that must work; an error ends the program. */
export async function step(name, call) {
  try {
    await call()
  } catch (error) {
    await report({ step: name, outcome: 'FAILED' })
    throw error
  }
  await report({ step: name, outcome: 'ok' })
}

/** A step that the SDK itself cannot do; that it suddenly can would be news too. `pattern` fits the error's description. */
export async function fails(name, pattern, reason, call) {
  try {
    const error = await refused(pattern, call)
    await report({ step: name, outcome: 'expected failure', error: described(error), reason })
  } catch (error) {
    await report({ step: name, outcome: 'FAILED' })
    throw error
  }
}

/** Type and first line, as the documentation shows them. */
export function described(error) {
  return `${error.constructor.name}: ${String(error.message).trim().split('\n')[0]}`
}

/** The error of a call that must be refused. */
export async function refused(pattern, call) {
  let answer
  try {
    answer = await call()
  } catch (error) {
    if (pattern.test(described(error))) return error
    throw error
  }
  throw new Error(`expected ${pattern}, answered ${JSON.stringify(answer)}`)
}

/** Compares as JSON, so that `undefined` members do not count. */
export function same(found, expected) {
  const [one, other] = [found, expected].map((value) => JSON.stringify(value))
  if (one !== other) throw new Error(`expected ${other}, found ${one}`)
}
