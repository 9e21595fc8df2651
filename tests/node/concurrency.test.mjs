// The event loop is never blocked, and calls run side by side, not in libuv's four threads.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import { Double, started } from './double.mjs'
import { client } from './vault.mjs'

const skip = started ? false : 'needs tests/servers/run.py'
const CALLS = 100
const DELAY_MS = 3000

test('100 slow requests are all under way at once while a 5 ms timer keeps ticking', { skip }, async (t) => {
  const double = new Double('node-concurrency')
  await double.script({ 'GET /slow': [{ delay_ms: DELAY_MS, json: { ok: true } }], '* *': [{ json: { id: 'a' } }] })
  const keylatch = await client(t)
  const { id } = await keylatch.integrations.create({ app: 'stripe', baseUrl: double.addresses.provider })
  const user = keylatch.getEntity('user-1')
  await user.initiateConnection({ integrationId: id, connectionParams: { api_key: 'sk_test_1' } })

  let ticks = 0
  const timer = setInterval(() => (ticks += 1), 5)
  let answered = 0
  const calls = Array.from({ length: CALLS }, async () => {
    const answer = await user.request({ app: 'stripe', method: 'GET', path: '/slow' })
    answered += 1
    return answer.status
  })
  let arrived = 0
  while (arrived < CALLS && answered === 0) {
    await sleep(50)
    arrived = (await double.requests()).filter(({ path }) => path === '/slow').length
  }
  assert.deepEqual({ arrived, answered }, { arrived: CALLS, answered: 0 })
  assert.deepEqual(new Set(await Promise.all(calls)), new Set([200]))
  clearInterval(timer)
  // An idle loop would tick 600 times; a blocked one, or one of four calls at a time, hardly at all.
  assert.ok(ticks > 100, `only ${ticks} ticks`)
})

test('deriving a key from a passphrase does not block the loop', async (t) => {
  let ticks = 0
  const timer = setInterval(() => (ticks += 1), 1)
  await Promise.all(Array.from({ length: 4 }, () => client(t, { key: undefined, passphrase: 'correct horse' })))
  clearInterval(timer)
  assert.ok(ticks > 10, `only ${ticks} ticks`)
})

test('many initiations at once on one vault', async (t) => {
  const keylatch = await client(t)
  const calls = Array.from({ length: 50 }, (_, i) =>
    keylatch.initiateConnection({
      entityId: `user-${i}`,
      appName: 'stripe',
      verify: 'off',
      connectionParams: { api_key: Buffer.from(`sk_test_${i}`) },
    }),
  )
  const ids = new Set((await Promise.all(calls)).map(({ connectedAccountId }) => connectedAccountId))
  assert.equal(ids.size, 50)
  assert.equal((await keylatch.connectedAccounts.list({ limit: 500 })).items.length, 50)
})
