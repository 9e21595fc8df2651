// `AbortSignal`: before a call, during one, and nothing left behind after one.
import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'

import { started, Double } from './double.mjs'
import { client, thrown } from './vault.mjs'

const skip = started ? false : 'needs tests/servers/run.py'

async function connected(t, space) {
  const double = new Double(space)
  await double.script({ 'GET /v1/account': [{ json: { id: 'acct_1' } }], '* *': [{ fault: 'hang' }] })
  const keylatch = await client(t)
  const { id } = await keylatch.integrations.create({ app: 'stripe', baseUrl: double.addresses.provider })
  const user = keylatch.getEntity('user-1')
  await user.initiateConnection({ integrationId: id, connectionParams: { api_key: 'sk_test_1' } })
  return { double, keylatch, user }
}

test('a signal that is already aborted', async (t) => {
  const keylatch = await client(t)
  const reason = new Error('not now')
  assert.equal(await thrown(keylatch.apps.list({ signal: AbortSignal.abort(reason) })), reason)
  assert.equal((await thrown(keylatch.apps.list({ signal: AbortSignal.abort() }))).name, 'AbortError')
})

test('a signal that aborts during a call', { skip }, async (t) => {
  const { double, user } = await connected(t, 'node-abort')
  const controller = new AbortController()
  const call = user.request({ app: 'stripe', method: 'GET', path: '/slow', signal: controller.signal })
  while (!(await double.requests()).some(({ path }) => path === '/slow')) await new Promise((r) => setTimeout(r, 10))
  assert.equal(getEventListeners(controller.signal, 'abort').length, 1)
  const reason = { any: 'value' }
  controller.abort(reason)
  assert.equal(await thrown(call), reason)
  assert.equal(getEventListeners(controller.signal, 'abort').length, 0)
})

test('a signal that times out', { skip }, async (t) => {
  const { user } = await connected(t, 'node-abort-timeout')
  const signal = AbortSignal.timeout(100)
  const error = await thrown(user.request({ app: 'stripe', method: 'GET', path: '/slow', signal }))
  assert.equal(error, signal.reason)
  assert.equal(error.name, 'TimeoutError')
})

test('a call that ends first leaves no listener, and its signal may abort later', async (t) => {
  const keylatch = await client(t)
  const controller = new AbortController()
  await keylatch.apps.list({ signal: controller.signal })
  await thrown(keylatch.apps.get({ app: 'no_such_app', signal: controller.signal }))
  assert.equal(getEventListeners(controller.signal, 'abort').length, 0)
  controller.abort()
})

test('one signal for many calls', { skip }, async (t) => {
  const { user } = await connected(t, 'node-abort-many')
  const controller = new AbortController()
  const ask = { app: 'stripe', method: 'GET', path: '/slow', signal: controller.signal }
  const calls = Array.from({ length: 5 }, () => thrown(user.request(ask)))
  setTimeout(() => controller.abort(), 50)
  for (const error of await Promise.all(calls)) assert.equal(error, controller.signal.reason)
})
