// `onExpired`: before the call settles, once, and able to make calls.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'

import { Keylatch } from '../../bindings-node/dist/index.mjs'
import { ca, Double, started } from './double.mjs'
import { thrown } from './vault.mjs'

const skip = started ? false : 'needs tests/servers/run.py'

test('a connection that expires is told of once, before the call settles', { skip }, async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'keylatch-expired-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const double = new Double('node-expired')
  await double.script({ '* *': [{ json: { id: 'acct_1' } }] })
  const told = []
  const looked = []
  const client = await Keylatch.open({
    path: path.join(folder, 'vault.db'),
    key: Buffer.alloc(32, 7),
    extraCa: ca(),
    onExpired: (expired) => {
      told.push(expired)
      looked.push(client.connectedAccounts.get(expired.connectedAccountId))
    },
  })
  t.after(() => client.close())
  const { id } = await client.integrations.create({ app: 'stripe', baseUrl: double.addresses.provider })
  const user = client.getEntity('user-1')
  const { connectedAccountId } = await user.initiateConnection({
    integrationId: id,
    connectionParams: { api_key: 'sk_test_1' },
  })
  await double.script({ '* *': [{ status: 401 }] })
  assert.equal((await user.request({ app: 'stripe', method: 'GET', path: '/x' })).status, 401)
  assert.deepEqual(told, [{ connectedAccountId, entityId: 'user-1', app: 'stripe', previousStatus: 'ACTIVE' }])
  assert.equal((await looked[0]).status, 'EXPIRED')
  await client.connectedAccounts.verify(connectedAccountId)
  assert.equal(told.length, 1)
})

test('it must be a function', async () => {
  const error = await thrown(Keylatch.open({ onExpired: 'tell me' }))
  assert.equal(error.code, 'invalid_argument')
  assert.deepEqual(error.fields, ['onExpired'])
})
