// `Secret`: a credential whose bytes JavaScript does not hold, that shows itself nowhere and can be wiped.
import { types } from 'node:util'

import { native, type NativeSecret } from './addon'
import { badArgument } from './errors'

const REDACTED = '[redacted]'

/**
 * The native side of a secret; throws once it is disposed of.
 *
 * @internal
 */
export let nativeOf: (secret: Secret) => NativeSecret

/**
 * A secret that the native side made.
 *
 * @internal
 */
export let secretOf: (native: NativeSecret) => Secret

/**
 * A credential in memory that the garbage collector does not copy about: wiped when disposed of or collected, compared
 * in constant time, and printed as `[redacted]` by everything: `String`, `JSON`, `console.log`, `util.inspect`.
 *
 * @example
 * ```ts
 * const secret = Secret.take(buffer) // buffer is zeros now
 * await user.initiateConnection({ appName: 'stripe', connectionParams: { api_key: secret } })
 * secret.dispose()
 * ```
 */
export class Secret {
  #native: NativeSecret | undefined

  static {
    nativeOf = (secret) => secret.#open()
    secretOf = (bytes) => new Secret(bytes)
  }

  private constructor(bytes: NativeSecret) {
    if (!(bytes instanceof native.NativeSecret)) throw new TypeError('use Secret.take or Secret.from')
    this.#native = bytes
  }

  /**
   * Copies the bytes and fills yours with zeros. Prefer a buffer of its own, as `secretBuffer` makes it.
   *
   * @throws InvalidArgumentError for what is not a `Uint8Array`, and for shared and resizable memory, which is left alone.
   */
  static take(bytes: Uint8Array): Secret {
    const fault = notTakeable(bytes)
    if (fault) throw badArgument('secret', `Secret.take takes a Uint8Array or Buffer, not ${fault}`)
    return new Secret(native.NativeSecret.take(bytes))
  }

  /**
   * Copies a string. A JavaScript string cannot be wiped: it stays in memory until the garbage collector happens to reuse
   * its place. Use `take` where you can.
   *
   * @throws InvalidArgumentError for what is not a string.
   */
  static from(text: string): Secret {
    if (typeof text !== 'string') throw badArgument('secret', `Secret.from takes a string, not ${kindOf(text)}`)
    return new Secret(native.NativeSecret.fromText(text))
  }

  /** Length in bytes; 0 once disposed of. */
  get length(): number {
    return this.#native?.length ?? 0
  }

  /**
   * Whether both hold the same bytes; takes the same time wherever they differ.
   *
   * @throws InvalidArgumentError once one of them is disposed of.
   */
  equals(other: Secret): boolean {
    return this.#open().equals(other.#open())
  }

  /**
   * A copy of the bytes, in a buffer of its own. Name the reason where you call it, and `fill(0)` the copy afterwards.
   *
   * @throws InvalidArgumentError once disposed of.
   */
  expose(): Buffer {
    return this.#open().expose()
  }

  /** Wipes the bytes now. A second time does nothing. Calls that already took the secret are not affected. */
  dispose(): void {
    this.#native?.dispose()
    this.#native = undefined
  }

  /** `[redacted]`, as every other way to print it. */
  toString(): string {
    return REDACTED
  }

  /** `[redacted]` */
  toJSON(): string {
    return REDACTED
  }

  /** `[redacted]` */
  valueOf(): string {
    return REDACTED
  }

  /** `[redacted]` */
  [Symbol.toPrimitive](): string {
    return REDACTED
  }

  /** `[redacted]` */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return REDACTED
  }

  #open(): NativeSecret {
    if (!this.#native) throw badArgument('secret', 'this secret was disposed of')
    return this.#native
  }
}

export interface Secret extends Disposable {}
if (Symbol.dispose) {
  Object.defineProperty(Secret.prototype, Symbol.dispose, { value: Secret.prototype.dispose })
}

/**
 * An empty buffer of `size` bytes on memory of its own outside V8's heap, to read or write a credential into.
 *
 * Other buffers are no place for one. `Buffer.from` and `Buffer.concat` may use a pool that other buffers share. Buffers of
 * up to 64 bytes that `Buffer.alloc`, `Buffer.allocUnsafeSlow` or `new Uint8Array` make stand on V8's heap: handing such a
 * buffer to us moves its bytes out, the move is what is wiped, and what JavaScript wrote stays where it was until the
 * garbage collector reuses the place.
 *
 * @param size in bytes.
 * @throws RangeError for a size that no buffer can have.
 *
 * @example
 * ```ts
 * const typed = secretBuffer(64)
 * const length = readSync(0, typed)
 * const secret = Secret.take(typed.subarray(0, length))
 * ```
 */
export function secretBuffer(size: number): Buffer {
  return Buffer.from(new ArrayBuffer(size))
}

/**
 * What keeps these bytes from being taken, in words; `undefined` if they can be.
 *
 * @internal
 */
export function notTakeable(value: unknown): string | undefined {
  if (!types.isUint8Array(value)) return kindOf(value)
  // Another thread could write to shared memory while it is read, and resizable memory could shrink.
  if (types.isSharedArrayBuffer(value.buffer)) return 'a buffer on shared memory'
  if ((value.buffer as { resizable?: boolean }).resizable) return 'a buffer on resizable memory'
  return undefined
}

/**
 * The kind of a value in words, never its content.
 *
 * @internal
 */
export function kindOf(value: unknown): string {
  if (value === undefined || value === null) return 'nothing'
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'object') {
    const name: unknown = Object.getPrototypeOf(value)?.constructor?.name
    if (name === 'Object' || typeof name !== 'string' || !/^\w{1,40}$/.test(name)) return 'an object'
    return `${/^[aeiou]/i.test(name) ? 'an' : 'a'} ${name}`
  }
  return `a ${typeof value}`
}
