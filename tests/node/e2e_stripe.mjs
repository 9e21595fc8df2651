// End to end against localstripe, a Stripe server that someone else wrote, through the catalogue's own `stripe` app.
//
//     python tests/servers/run.py --localstripe -- node tests/node/e2e_stripe.mjs
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { inspect } from 'node:util'

import { CredentialsRejectedError, Keylatch } from '../../bindings-node/dist/index.mjs'

const baseUrl = process.env.KEYLATCH_TEST_STRIPE
assert.ok(baseUrl, 'start this with tests/servers/run.py --localstripe')

const WRONG = 'not-a-key'
const RIGHT = 'sk_test_e2e_node_canary'

const folder = mkdtempSync(path.join(tmpdir(), 'keylatch-e2e-'))
const client = await Keylatch.open({ path: path.join(folder, 'vault.db') })
try {
  const { id: integrationId } = await client.integrations.create({ app: 'stripe', baseUrl })
  const user = client.getEntity('user-1')

  const wrong = Buffer.from(WRONG)
  const refused = user.initiateConnection({ integrationId, connectionParams: { api_key: wrong } })
  assert.ok(wrong.every((byte) => byte === 0))
  await assert.rejects(refused, (error) => {
    assert.ok(error instanceof CredentialsRejectedError)
    assert.equal(error.verdict, 'rejected')
    assert.ok(!inspect(error).includes(WRONG))
    return true
  })
  assert.deepEqual((await user.connections()).items, [])

  const right = Buffer.from(RIGHT)
  const made = await user.initiateConnection({ integrationId, connectionParams: { api_key: right } })
  assert.deepEqual([made.connectionStatus, made.redirectUrl, made.verdict], ['ACTIVE', null, 'accepted'])
  assert.equal((await client.connectedAccounts.get(made.connectedAccountId)).status, 'ACTIVE')
  assert.equal((await made.waitUntilActive(5)).id, made.connectedAccountId)

  const created = await user.request({
    app: 'stripe',
    method: 'POST',
    path: '/v1/customers',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ name: 'Ada Lovelace', email: 'ada@example.com' }).toString(),
  })
  assert.equal(created.status, 200, created.text())
  const { id } = created.json()
  const read = await client.request({
    connectedAccountId: made.connectedAccountId,
    method: 'GET',
    path: `/v1/customers/${id}`,
  })
  assert.deepEqual([read.json().id, read.json().name], [id, 'Ada Lovelace'])
  const list = await user.request({ app: 'stripe', method: 'GET', path: '/v1/customers', query: { limit: 3 } })
  assert.equal(list.json().object, 'list')

  assert.equal((await client.connectedAccounts.verify(made.connectedAccountId)).verdict, 'accepted')
} finally {
  await client.close()
}
for (const name of readdirSync(folder))
  assert.ok(!readFileSync(path.join(folder, name), 'latin1').includes('canary'), name)
rmSync(folder, { recursive: true })
console.log('e2e node: a wrong key refused, a right one ACTIVE and accepted, a customer made and read back')
