// The whole flow on BENCH_SERVER in a new process: discover, initiate, confirm.
import { Keylatch } from '../../bindings-node/dist/index.mjs'

const client = await Keylatch.composio({ apiKey: 'ak_bench', baseUrl: process.env.BENCH_SERVER })
const found = await client.getExpectedParamsForUser({ integrationId: process.env.BENCH_INTEGRATION })
if (found.expectedParams[0].name !== 'api_key') throw new Error('the fields are not those of the app')
const made = await client.initiateConnection({
  entityId: 'user-1',
  integrationId: found.integrationId,
  connectionParams: { api_key: Buffer.from('sk_test_0123456789abcdefghijklmn') },
  verify: 'off',
})
const account = await client.connectedAccounts.get(made.connectedAccountId)
if (account.status !== 'ACTIVE') throw new Error(`the connection is ${account.status}`)
await client.close()
