// Credential values on their way to the native side. Every kind of value goes there, so that the core can report all
// problems of an input at once.
import { native, type NativeParams } from './addon'
import { badArgument } from './errors'
import { kindOf, nativeOf, notTakeable, Secret } from './secret'

/**
 * A value that a user typed.
 *
 * - `Uint8Array`, `Buffer`: copied and filled with zeros before the call returns its Promise. The recommended way.
 * - `Secret`: copied; it stays usable.
 * - `string`: copied; JavaScript strings cannot be wiped. A client opened with `strictSecrets` refuses them for secret
 *   fields.
 * - `number`, `bigint`, `boolean`: for fields of those types.
 */
export type ParamValue = string | Uint8Array | Secret | number | bigint | boolean

/** Values by wire name, such as `{ api_key: buffer }`. Those that are `undefined` count as not given. */
export type Params = Readonly<Record<string, ParamValue | undefined>>

/**
 * Moves the values over; bytes are zeros in `values` afterwards.
 *
 * @internal
 */
export function nativeParams(name: string, values: unknown): NativeParams {
  const params = new native.NativeParams()
  if (values === undefined) return params
  if (
    typeof values !== 'object' ||
    values === null ||
    Array.isArray(values) ||
    ArrayBuffer.isView(values) ||
    values instanceof Secret
  ) {
    throw badArgument(name, `${name} must be an object of values by field name, not ${kindOf(values)}`)
  }
  for (const [field, value] of Object.entries(values)) add(params, field, value)
  return params
}

function add(params: NativeParams, field: string, value: unknown): void {
  if (value === undefined) return
  if (typeof value === 'string') params.text(field, value)
  else if (typeof value === 'number' && !Number.isFinite(value)) params.unfit(field, 'a number that is not finite')
  else if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint')
    params.scalar(field, String(value))
  else if (value instanceof Secret) params.secret(field, nativeOf(value))
  else {
    const fault = notTakeable(value)
    if (fault) params.unfit(field, fault)
    else params.take(field, value as Uint8Array)
  }
}
