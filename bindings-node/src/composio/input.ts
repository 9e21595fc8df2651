// What callers give, made ready for a client that may still have to be opened.
import { badArgument } from '../errors'
import type { Params, ParamValue } from '../params'
import { notTakeable, Secret } from '../secret'

/**
 * Whose connection a call is about. There is never a default user.
 *
 * @internal
 */
export function userOf(call: string, name: string, given: unknown, fallback?: string): string {
  const user = given ?? fallback
  if (typeof user === 'string' && user !== '') return user
  throw badArgument(
    'entity_id',
    `${call} needs to know whose connection is meant: give ${name}, there is no default user`,
  )
}

/**
 * Takes the bytes out of credential values at once, since a client may have to be opened before they are used, and wipes
 * what it took when the work is done.
 *
 * @internal
 */
export async function holding<T>(
  all: readonly (Params | undefined)[],
  work: (all: (Params | undefined)[]) => Promise<T>,
): Promise<T> {
  const taken: Secret[] = []
  const take = (value: ParamValue | undefined): ParamValue | undefined => {
    // What cannot be taken is reported with all other problems of the input.
    if (!(value instanceof Uint8Array) || notTakeable(value)) return value
    const secret = Secret.take(value)
    taken.push(secret)
    return secret
  }
  const isPlain = (params: unknown): params is Params =>
    typeof params === 'object' && params !== null && !Array.isArray(params) && !ArrayBuffer.isView(params)
  const held = all.map((params) =>
    isPlain(params) && !(params instanceof Secret)
      ? Object.fromEntries(Object.entries(params).map(([name, value]) => [name, take(value)]))
      : params,
  )
  try {
    return await work(held)
  } finally {
    for (const secret of taken) secret.dispose()
  }
}
