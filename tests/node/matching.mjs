// Compares results with what a case expects; the matchers are described in tests/cases/README.md.
import { isDeepStrictEqual } from 'node:util'

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value)
const show = (value) => (value === undefined ? 'absent' : JSON.stringify(value))
const plain = (value) => (typeof value === 'string' ? value : (JSON.stringify(value) ?? 'absent'))

function typeOf(value) {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}

function length(value) {
  if (typeof value === 'string') return [...value].length
  if (Array.isArray(value)) return value.length
  return isObject(value) ? Object.keys(value).length : undefined
}

const MATCHERS = {
  $absent: (_, found) => found === undefined || found === null,
  $not: (wanted, found) => found !== undefined && difference(wanted, found, '') !== undefined,
  $type: (wanted, found) => found !== undefined && typeOf(found) === wanted,
  $has: (wanted, found) => found !== undefined && plain(found).includes(plain(wanted)),
  $lacks: (wanted, found) => found !== undefined && !plain(found).includes(plain(wanted)),
  $len: (wanted, found) => length(found) === wanted,
  $min: (wanted, found) => typeof found === 'number' && found >= wanted,
  $contains: (wanted, found) =>
    Array.isArray(found) && found.some((item) => difference(wanted, item, '') === undefined),
}

/** The first difference, with its place; `undefined` where `found` is as expected. */
export function difference(expected, found, at) {
  // What has no value is left out here, and `null` elsewhere.
  if (expected === null && found === undefined) return undefined
  const [name, ...others] = isObject(expected) ? Object.keys(expected) : []
  if (name?.startsWith('$') && name !== '$schema' && others.length === 0) {
    const wanted = expected[name]
    if (name === '$all') return firstOf(wanted, (each) => difference(each, found, at))
    if (!Object.hasOwn(MATCHERS, name)) throw new Error(`${at}: unknown matcher ${name}`)
    return MATCHERS[name](wanted, found) ? undefined : `${at} is ${show(found)}, expected ${name} ${show(wanted)}`
  }
  if (isObject(expected) && isObject(found)) {
    return firstOf(Object.entries(expected), ([key, value]) => difference(value, found[key], `${at}/${key}`))
  }
  if (Array.isArray(expected) && Array.isArray(found) && expected.length === found.length) {
    return firstOf(expected.entries(), ([i, value]) => difference(value, found[i], `${at}/${i}`))
  }
  return isDeepStrictEqual(expected, found) ? undefined : `${at} is ${show(found)}, expected ${show(expected)}`
}

/** As `difference`, for an error: `fields` are a set, and `message_has` lists what the sentence must contain. */
export function errorDifference(expected, found) {
  const { fields, message_has: parts = [], ...rest } = expected
  const sorted = (names) => [...names].sort()
  if (Array.isArray(fields) && !isDeepStrictEqual(sorted(fields), sorted(found.fields))) {
    return `error/fields is ${show(found.fields)}, expected ${show(fields)}`
  }
  const missing = parts.find((part) => !found.message.includes(part))
  if (missing !== undefined) return `error/message is ${show(found.message)}, expected to have ${show(missing)}`
  return difference(fields === undefined || Array.isArray(fields) ? rest : { ...rest, fields }, found, 'error')
}

function firstOf(items, find) {
  for (const item of items) {
    const found = find(item)
    if (found !== undefined) return found
  }
  return undefined
}
