// Between the snake_case of the conformance cases and the camelCase of the public API.
import { Secret, KeylatchError, Response } from '../../bindings-node/dist/index.mjs'

const snake = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
const camel = (name) => name.replace(/_([a-z0-9])/g, (_, letter) => letter.toUpperCase())

/** The application's and the apps' own data, and standards: their keys are nobody's to change. */
const KEPT = new Set(['metadata', 'jsonSchema', 'data'])

/** Arguments of a call; only the outermost keys are ours. */
export function toArguments(args) {
  return Object.fromEntries(Object.entries(args).map(([name, value]) => [camel(name), value]))
}

/** A result in the form that cases compare. */
export function fromResult(result) {
  if (result instanceof Response) return fromResponse(result)
  if (result instanceof Secret) return { secret: result.expose().toString() }
  return Array.isArray(result)
    ? { items: result.map((item) => (item instanceof Response ? fromResponse(item) : wire(item))) }
    : (wire(result) ?? {})
}

function wire(value) {
  if (Array.isArray(value)) return value.map(wire)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([name, item]) => [snake(name), KEPT.has(name) ? item : wire(item)])
  const made = Object.fromEntries(entries)
  // A check without an answer has no status here and `null` on the wire.
  return 'request' in made && 'verdict' in made ? { status: null, ...made } : made
}

function fromResponse(response) {
  const { status, tries, headers } = response
  const answer = { status, tries, headers: headers.toJSON(), text: response.text() }
  try {
    return { ...answer, json: response.json() }
  } catch {
    return answer
  }
}

/** An error in the form that cases compare; anything else is a failure of the binding. */
export function fromError(error) {
  if (!(error instanceof KeylatchError)) throw error
  return { ...wire({ ...error }), message: error.message }
}
