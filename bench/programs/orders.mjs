// Orders from standard input, a line each, answered with times: what `bench/peers/src/lib.rs` says, in JavaScript.
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

const now = process.hrtime.bigint

/** Carries out all orders with `once`, as many at a time as is wanted. */
export async function work(once) {
  console.log('ready')
  for await (const line of createInterface({ input: process.stdin })) {
    const [operation, count, atOnce] = line.split(' ')
    const times = []
    let left = Number(count)
    const some = async () => {
      while (left-- > 0) {
        const begun = now()
        await once(operation)
        times.push(now() - begun)
      }
    }
    const begun = now()
    await Promise.all(Array.from({ length: Number(atOnce) }, some))
    console.log([now() - begun, ...times].join(' '))
  }
}

/** The file of JSON that a setting names. */
export const read = (setting) => JSON.parse(readFileSync(process.env[setting], 'utf8'))

/** What there is in the vault or on the server, and names for what there is not yet. */
export class Samples {
  #all = read('BENCH_SAMPLES')
  #count = 0
  integration = this.#all.integration

  next(kind) {
    return this.#all[kind][this.#count++ % this.#all[kind].length]
  }

  entity() {
    return `user-${process.pid}-${String(this.#count++).padStart(8, '0')}`
  }
}
