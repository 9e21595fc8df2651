// A client on a vault of its own, for the tests.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

import { Keylatch } from '../../bindings-node/dist/index.mjs'
import { ca, started } from './double.mjs'

/** A folder that is gone after the test. */
export function folder(test) {
  const made = mkdtempSync(path.join(tmpdir(), 'keylatch-node-'))
  test.after(() => rmSync(made, { recursive: true, force: true }))
  return made
}

/** A client that is closed after the test. */
export async function client(test, options = {}) {
  const made = await Keylatch.open({
    path: path.join(folder(test), 'vault.db'),
    key: Buffer.alloc(32, 7),
    ...(started ? { extraCa: ca() } : {}),
    ...options,
  })
  test.after(() => made.close())
  return made
}

/** The error that a Promise ends with. */
export async function thrown(promise) {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('it should have failed')
}
