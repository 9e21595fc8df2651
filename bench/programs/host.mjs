// Keylatch from Node: on the vault BENCH_VAULT, or on the server BENCH_SERVER.
import { Keylatch } from '../../bindings-node/dist/index.mjs'
import { Samples, work } from './orders.mjs'

const samples = new Samples()
const { BENCH_SERVER: baseUrl, BENCH_VAULT: path } = process.env
const client = baseUrl
  ? await Keylatch.composio({ apiKey: 'ak_bench', baseUrl })
  : await Keylatch.open({ path, key: Buffer.alloc(32, 7) })

const initiate = async () => {
  const made = await client.initiateConnection({
    entityId: samples.entity(),
    integrationId: samples.integration,
    connectionParams: { api_key: Buffer.from('sk_test_0123456789abcdefghijklmn') },
    verify: 'off',
  })
  return made.connectedAccountId
}

const operations = {
  initiate,
  pair: async () => client.connectedAccounts.get(await initiate()),
  dsn: () => client.connectedAccounts.dsn(samples.next('revealed')),
}
await work((operation) => operations[operation]())
await client.close()
