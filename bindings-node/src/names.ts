// Names: camelCase in JavaScript, snake_case on the wire. Only the keys of the objects given are changed, never what
// is below them, since that may be the application's own data.

type Plain = Record<string, unknown>

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
const camel = (name: string): string => name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())

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
