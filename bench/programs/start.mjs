// What a Node program does before it can ask its user: load, open the vault BENCH_VAULT, discover the fields.
import { Keylatch } from '../../bindings-node/dist/index.mjs'

const client = await Keylatch.open({ path: process.env.BENCH_VAULT, key: Buffer.alloc(32, 7) })
const { expectedParams } = await client.getExpectedParamsForUser({ app: 'stripe' })
if (expectedParams[0].name !== 'api_key') throw new Error('the fields are not those of the app')
await client.close()
