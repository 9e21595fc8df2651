// Names: camelCase in JavaScript, snake_case on the wire. Only the keys of the objects given are changed, never what
// is below them, since that may be the application's own data.

type Plain = Record<string, unknown>

// More than the core knows; a host's mistake may have any.
const MOST_NAMES = 1000

/** The same names come with every call. */
function remembered(rename: (name: string) => string): (name: string) => string {
  const known = new Map<string, string>()
  return (name) => {
    const renamed = known.get(name) ?? rename(name)
    if (known.size < MOST_NAMES) known.set(name, renamed)
    return renamed
  }
}

const snake = remembered((name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`))
const camel = remembered((name) => name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()))

const renamed = (object: object, rename: (name: string) => string): Plain =>
  Object.fromEntries(Object.entries(object).map(([name, value]) => [rename(name), value]))

/** A result's own keys in camelCase. */
export function camelKeys<T>(object: object): T {
  return renamed(object, camel) as T
}

/** A call's arguments in snake_case. */
export function snakeKeys(object: object): Plain {
  return renamed(object, snake)
}
