// One cell in Node: `host.mjs WAY MOMENT WHAT`; the same as host.py does. A child here is a process or a thread of its own
// (`cluster`, `child_process.fork`, `worker_threads`), so it always makes its own client; the parent's may be there before.
import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import cluster from 'node:cluster'
import { once } from 'node:events'
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads'

import { open, work } from './world.mjs'

/** What a child does; it tells the parent when it is done, or, of the last kind, when it may be told to go on. */
async function child(what) {
  const client = await open()
  if (what === 'late') {
    const told = port.told()
    port.tell('ready')
    await told
    await work(client, 'late')
  }
  if (what === 'call') await work(client, 'child')
  if (what === 'drop') await client.close()
  port.end()
}

/** How each way starts a child. */
const WAYS = {
  cluster: (what) => {
    cluster.setupPrimary({ args: ['cluster', 'child', what] })
    return cluster.fork().process
  },
  fork: (what) => fork(import.meta.filename, ['fork', 'child', what]),
  worker: (what) => new Worker(new URL(import.meta.url), { workerData: what }),
}

/** What a child talks to its parent by. Nothing is left to wait for at its end: it must end by itself, its client open. */
const port = isMainThread
  ? { told: () => once(process, 'message'), tell: (said) => process.send(said), end: () => process.disconnect() }
  : {
      told: () => once(parentPort, 'message'),
      tell: (said) => parentPort.postMessage(said),
      end: () => parentPort.unref(),
    }

function start(way, what) {
  const started = WAYS[way](what)
  const ended = once(started, 'exit')
  return {
    ready: () => once(started, 'message'),
    goOn: () => (way === 'worker' ? started.postMessage('go') : started.send('go')),
    ended: async () => assert.equal((await ended)[0], 0),
  }
}

async function parent(way, moment, what) {
  let client
  if (moment === 'before') {
    client = await open()
    await work(client, 'first')
  }
  await start(way, what).ended()
  client ??= await open()
  if (what !== 'drop') return work(client, 'parent')
  const late = start(way, 'late')
  await late.ready()
  await client.close()
  late.goOn()
  await late.ended()
}

const [way, moment, what] = process.argv.slice(2)
if (!isMainThread) await child(workerData)
else if (moment === 'child') await child(what)
else await parent(way, moment, what)
