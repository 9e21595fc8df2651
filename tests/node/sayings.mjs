// Writes down all that a program could learn from an error, a result or a client, for `tests/leaks.py` to search: every
// property, own and inherited, named and symbolic, getters too, and each object in every form that Node prints.
import { appendFileSync } from 'node:fs'
import { format, inspect } from 'node:util'
import { serialize } from 'node:v8'

const CONTROL = 'keylatch-control-canary-node'

/** What would lead from an object to the whole program. */
const elsewhere = new Set([globalThis, Object.prototype, Function.prototype, Array.prototype, process])
const written = new Set()

/** Prototypes of what has no form of its own: what it holds is reached. */
const plain = new Set([Object.prototype, Array.prototype, Function.prototype, null])

/** Appends what this value tells to the file of sayings, if there is one. */
export function note(said) {
  const file = process.env.KEYLATCH_TEST_SAYINGS
  if (!file) return
  const texts = [...told(said)].filter((text) => !written.has(text))
  // Most of it is said again and again.
  for (const text of texts) written.add(text)
  if (texts.length > 0) appendFileSync(file, `${texts.join('\n')}\n`)
}

/** Says what must be found: a secret behind a getter that an error inherits under a symbol, in the bytes of a cause. */
export function noteControl() {
  class Holder extends Error {
    get [Symbol('hidden')]() {
      return new Error('nothing here', { cause: new Map([['bytes', Buffer.from(CONTROL)]]) })
    }
  }
  note(new Holder('nothing here'))
}

/** Every text that can be reached from the value. */
function* told(said) {
  const seen = new Set(elsewhere)
  const todo = [said]
  while (todo.length > 0) {
    const each = todo.pop()
    if (typeof each === 'string') yield each
    if (each === null || !['object', 'function'].includes(typeof each) || seen.has(each)) continue
    seen.add(each)
    if (each === said || !plain.has(Object.getPrototypeOf(each))) yield* printed(each)
    todo.push(...reached(each))
  }
}

function* printed(each) {
  const forms = [
    String,
    (it) => JSON.stringify(it),
    (it) => inspect(it), // what console.log shows
    (it) => inspect(it, { depth: Infinity, showHidden: true, getters: true, maxStringLength: Infinity }),
    (it) => inspect(it, { customInspect: false, depth: Infinity, showHidden: true, maxArrayLength: Infinity }),
    (it) => inspect(structuredClone(it), { depth: Infinity, showHidden: true }),
    (it) => format('%s %o %O %j %d', it, it, it, it, it),
    (it) => serialize(it).toString('latin1'), // as a worker gets it
  ]
  for (const form of forms) {
    try {
      yield form(each) ?? ''
    } catch {
      // It does not print that way.
    }
  }
  if (ArrayBuffer.isView(each)) yield Buffer.from(each.buffer, each.byteOffset, each.byteLength).toString('latin1')
  if (each instanceof ArrayBuffer) yield Buffer.from(each).toString('latin1')
}

/** What the object leads to. */
function reached(each) {
  const found = []
  const get = (name) => {
    try {
      found.push(each[name])
    } catch {
      // A getter that wants another object.
    }
  }
  // Not the pool, which this test's own texts pass through.
  if (ArrayBuffer.isView(each)) return each.buffer.byteLength === Buffer.poolSize ? [] : [each.buffer]
  const names = []
  for (let at = each; at && !elsewhere.has(at); at = Object.getPrototypeOf(at)) names.push(...Reflect.ownKeys(at))
  for (const name of new Set(names)) {
    found.push(typeof name === 'symbol' ? name.description : name)
    get(name)
  }
  if (each instanceof Map) found.push(...each.keys(), ...each.values())
  if (each instanceof Set) found.push(...each)
  return found
}
