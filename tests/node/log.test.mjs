// What `setLog` tells: on the event loop that asked, and nothing once it is taken away.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'

import { setLog } from '../../bindings-node/dist/index.mjs'
import { client, folder } from './vault.mjs'

const PACKAGE = path.join(import.meta.dirname, '..', '..', 'bindings-node')

/** What was told of operations that ended, once the event loop has come by. */
async function operations(records) {
  await setTimeout(50)
  return records.splice(0).flatMap(({ message, operation }) => (message === 'finished' ? [operation] : []))
}

test('each call, until it is taken away', async (t) => {
  t.after(() => setLog(null))
  const records = []
  const keylatch = await client(t, { path: path.join(folder(t), 'vault.db') })
  setLog((record) => records.push(record), { level: 'debug' })
  await keylatch.integrations.list()
  await assert.rejects(keylatch.connectedAccounts.get('none'))
  await setTimeout(50)
  const { level, target, fields } = records.at(-1)
  assert.deepEqual([level, target, fields['error.type']], ['debug', 'keylatch', 'not_found'])
  assert.equal(typeof fields.duration_us, 'number')
  assert.deepEqual(await operations(records), ['integrations.list', 'connected_accounts.get'])
  setLog((record) => records.push(record))
  await keylatch.integrations.list()
  assert.deepEqual(await operations(records), [], 'at info there is nothing to tell')
  setLog(null)
  await keylatch.integrations.list()
  assert.deepEqual(await operations(records), [])
})

test('a function that calls Keylatch itself', async (t) => {
  t.after(() => setLog(null))
  const keylatch = await client(t, { path: path.join(folder(t), 'vault.db') })
  const records = []
  let calls = 3
  setLog(
    (record) => {
      records.push(record)
      if (calls-- > 0) void keylatch.integrations.list()
    },
    { level: 'debug' },
  )
  await keylatch.apps.get('stripe')
  await setTimeout(100)
  assert.equal((await operations(records)).length, 4)
})

test('arguments that cannot be', () => {
  const code = 'invalid_argument'
  assert.throws(() => setLog(() => {}, { level: 'loud' }), { code })
  assert.throws(() => setLog('console'), { code })
})

test('a worker that asked is told, and may end', async (t) => {
  t.after(() => setLog(null))
  const program = `
    const { parentPort, workerData } = require('node:worker_threads')
    const { Keylatch, setLog } = require(workerData.package)
    setLog(({ operation }) => parentPort.postMessage(operation), { level: 'debug' })
    Keylatch.open({ path: workerData.path, key: Buffer.alloc(32, 7) })
  `
  const at = path.join(folder(t), 'vault.db')
  const worker = new Worker(program, { eval: true, workerData: { package: PACKAGE, path: at } })
  assert.deepEqual(await once(worker, 'message'), ['open'])
  await worker.terminate()
  const keylatch = await client(t, { path: at })
  await keylatch.integrations.list()
})

test('a log keeps no process alive, and what it throws is uncaught', () => {
  const run = (body) => {
    const program = `const { Keylatch, setLog } = require(${JSON.stringify(PACKAGE)}); ${body}`
    return spawnSync(process.execPath, ['-e', program], { encoding: 'utf8', timeout: 30_000 })
  }
  assert.equal(run('setLog(() => {}, { level: "trace" })').status, 0)
  const thrown = run(`
    process.on('uncaughtException', ({ message }) => { console.log(message); process.exit(7) })
    setLog(() => { throw new Error('its own') }, { level: 'debug' })
    Keylatch.open({ path: '/nowhere/at/all/vault.db' }).catch(() => setTimeout(() => {}, 5000))
  `)
  assert.deepEqual([thrown.status, thrown.stdout.trim()], [7, 'its own'], thrown.stderr)
})
