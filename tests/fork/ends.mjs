// Ends of a Node program with calls under way: `ends.mjs CASE`, in the world that the environment names.
import assert from 'node:assert/strict'
import cluster from 'node:cluster'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { Worker, isMainThread, workerData } from 'node:worker_threads'

import { Double } from '../node/double.mjs'
import { open, work } from './world.mjs'

const double = new Double(process.env.FORK_NAMESPACE)

async function arrived(path) {
  while (!(await double.requests()).some((request) => request.path === path)) await pause(20)
}

/** Starts a request that nobody waits for. */
async function ask(client, role, path) {
  const connectedAccountId = await work(client, role)
  return { answer: client.request({ method: 'GET', path, connectedAccountId }) }
}

const CASES = {
  async exit() {
    await ask(await open(), 'first', '/v1/hang')
    await arrived('/v1/hang')
    process.exit(0)
  },

  async alive() {
    const { answer } = await ask(await open(), 'first', '/v1/slow')
    answer.then(() => console.log('answered'))
  },

  async workers() {
    const workers = ['one', 'two'].map((role) => new Worker(new URL(import.meta.url), { workerData: role }))
    for (const [code] of await Promise.all(workers.map((worker) => once(worker, 'exit')))) assert.equal(code, 0)
    await work(await open(), 'later')
  },

  async terminate() {
    const worker = new Worker(new URL(import.meta.url), { workerData: 'first', argv: ['hang'] })
    await arrived('/v1/hang')
    await worker.terminate()
    await work(await open(), 'later')
  },

  async kill() {
    cluster.setupPrimary({ args: ['hang'] })
    const worker = cluster.fork()
    await arrived('/v1/hang')
    worker.process.kill('SIGKILL')
    assert.deepEqual(await once(worker, 'exit'), [null, 'SIGKILL'])
    await work(await open(), 'later')
  },

  /** What a worker does that is to be ended. */
  async hang() {
    const { answer } = await ask(await open(), 'first', '/v1/hang')
    await answer
  },
}

const chosen = CASES[process.argv[2]]
if (!isMainThread && process.argv[2] !== 'hang') await work(await open(), workerData)
else await chosen()
