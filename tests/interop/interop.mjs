// The Node side of `tests/interop/run.py`: makes a connection, or uses one that another language made.
import assert from 'node:assert'
import { Keylatch } from '../../bindings-node/dist/index.mjs'

const [verb, path, ...rest] = process.argv.slice(2)
const client = await Keylatch.open({ path })
if (verb === 'make') {
  const integration = await client.integrations.create({ app: 'stripe', baseUrl: rest[0] })
  const entity = await client.getEntity('interop-node')
  const made = await entity.initiateConnection({
    integrationId: integration.id,
    connectionParams: { api_key: Buffer.from('sk_test_interop_node') },
  })
  console.log(made.connectedAccountId)
} else {
  const { items } = await client.connectedAccounts.list()
  for (const connectedAccountId of rest) {
    assert.equal((await client.connectedAccounts.verify({ connectedAccountId })).verdict, 'accepted')
    assert.equal((await client.request({ method: 'GET', path: '/v1/balance', connectedAccountId })).status, 200)
  }
  console.log(items.length)
}
await client.close()
