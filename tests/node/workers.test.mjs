// Worker threads: the addon in several at once, a worker ended in the middle of a call, and one that alone loads it.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'

import { Double, started } from './double.mjs'
import { client, folder } from './vault.mjs'

const skip = started ? false : 'needs tests/servers/run.py'
const PACKAGE = path.join(import.meta.dirname, '..', '..', 'bindings-node')

const LIST = `
  const { parentPort, workerData } = require('node:worker_threads')
  const { Keylatch, KeylatchError } = require(workerData.package)
  const run = async () => {
    const client = await Keylatch.open({ path: workerData.path, key: Buffer.alloc(32, 7) })
    const error = await client.apps.get('nothing').catch((error) => error)
    const apps = await client.apps.list()
    await client.close()
    return [apps.length, error instanceof KeylatchError]
  }
  run().then((result) => parentPort.postMessage(result))
`

const REQUEST = `
  const { parentPort, workerData } = require('node:worker_threads')
  const { Keylatch } = require(workerData.package)
  const run = async () => {
    const client = await Keylatch.open({ path: workerData.path, key: Buffer.alloc(32, 7) })
    for (let i = 0; i < 10; i += 1) {
      client.request({ entityId: 'user-1', app: 'stripe', method: 'GET', path: '/slow' }).catch(() => {})
    }
    parentPort.postMessage('asked')
  }
  run()
`

const LISTS = `
  const { parentPort, workerData } = require('node:worker_threads')
  const { Keylatch } = require(workerData.package)
  const run = async () => {
    const client = await Keylatch.open({ path: workerData.path, key: Buffer.alloc(32, 7) })
    const list = async () => {
      for (;;) await client.integrations.list()
    }
    for (let i = 0; i < 50; i += 1) list()
    setImmediate(() => parentPort.postMessage('asked'))
  }
  run()
`

test('two workers at once, several times', async (t) => {
  const at = folder(t)
  const run = async (i) => {
    const workerData = { package: PACKAGE, path: path.join(at, `${i % 2}.db`) }
    const worker = new Worker(LIST, { eval: true, workerData })
    const [[count, known]] = await once(worker, 'message')
    assert.ok(count > 30)
    assert.equal(known, true)
    await worker.terminate()
  }
  for (let round = 0; round < 3; round += 1) await Promise.all([run(0), run(1)])
})

test('a worker that is ended during calls', { skip }, async (t) => {
  const double = new Double('node-workers')
  await double.script({ 'GET /slow': [{ fault: 'hang' }], '* *': [{ json: { id: 'acct_1' } }] })
  const vault = path.join(folder(t), 'vault.db')
  const keylatch = await client(t, { path: vault })
  const { id } = await keylatch.integrations.create({ app: 'stripe', baseUrl: double.addresses.provider_http })
  const user = keylatch.getEntity('user-1')
  await user.initiateConnection({ integrationId: id, connectionParams: { api_key: 'sk_test_1' } })
  for (let round = 0; round < 3; round += 1) {
    await double.script({ 'GET /slow': [{ fault: 'hang' }], '* *': [{ json: { id: 'acct_1' } }] })
    const worker = new Worker(REQUEST, { eval: true, workerData: { package: PACKAGE, path: vault } })
    await once(worker, 'message')
    while (!(await double.requests()).some(({ path }) => path === '/slow')) await new Promise((r) => setTimeout(r, 5))
    await worker.terminate()
    assert.equal((await user.request({ app: 'stripe', method: 'GET', path: '/v1/balance' })).status, 200)
  }
})

test('workers that are ended while answers come', async (t) => {
  const keylatch = await client(t, { path: path.join(folder(t), 'vault.db') })
  const workerData = { package: PACKAGE, path: path.join(folder(t), 'vault.db') }
  for (let round = 0; round < 5; round += 1) {
    const worker = new Worker(LISTS, { eval: true, workerData })
    await once(worker, 'message')
    await new Promise((resolve) => setTimeout(resolve, 5 * round))
    const [, list] = await Promise.all([worker.terminate(), keylatch.integrations.list()])
    assert.deepEqual(list, [])
  }
})

test('a process whose workers alone load the addon ends well', (t) => {
  const workerData = JSON.stringify({ package: PACKAGE, path: path.join(folder(t), 'vault.db') })
  const program = `
    const { Worker } = require('node:worker_threads')
    const { once } = require('node:events')
    const run = async () => {
      for (let i = 0; i < 3; i += 1) {
        const worker = new Worker(${JSON.stringify(LIST)}, { eval: true, workerData: ${workerData} })
        await once(worker, 'message')
        await worker.terminate()
      }
      console.log('done')
    }
    run()
  `
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, ['-e', program], { encoding: 'utf8' })
  assert.deepEqual({ status, signal, stdout }, { status: 0, signal: null, stdout: 'done\n' }, stderr)
})

test('an open client does not keep the process alive, nor does ending it during a call crash', (t) => {
  const at = JSON.stringify({ path: path.join(folder(t), 'vault.db'), key: undefined })
  const program = (then) => `
    const { Keylatch } = require(${JSON.stringify(PACKAGE)})
    Keylatch.open(${at}).then((client) => { ${then} })
  `
  for (const then of ['', 'client.apps.list(); process.exit(0)', 'client.connectedAccounts.list(); process.exit(0)']) {
    const { status, signal, stderr } = spawnSync(process.execPath, ['-e', program(then)], { encoding: 'utf8' })
    assert.deepEqual({ status, signal, stderr }, { status: 0, signal: null, stderr: '' })
  }
})

test('calls keep the process alive until they are answered, however many at once', (t) => {
  const program = `
    const { Keylatch } = require(${JSON.stringify(PACKAGE)})
    const run = async () => {
      const client = await Keylatch.open(${JSON.stringify({ path: path.join(folder(t), 'vault.db') })})
      for (const atOnce of [1, 200, 1]) {
        const lists = await Promise.all(Array.from({ length: atOnce }, () => client.integrations.list()))
        console.log(lists.length)
      }
    }
    run()
  `
  const options = { encoding: 'utf8', timeout: 30_000 }
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, ['-e', program], options)
  assert.deepEqual({ status, signal, stdout, stderr }, { status: 0, signal: null, stdout: '1\n200\n1\n', stderr: '' })
})
