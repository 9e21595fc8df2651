// The four steps and the use, in Node, against the Stripe server at $KEYLATCH_TEST_STRIPE (`make quickstart` starts one).
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

import { CredentialsRejectedError, Keylatch } from '../bindings-node/dist/index.mjs' // 'keylatch' in your own program

const folder = mkdtempSync(path.join(tmpdir(), 'keylatch-quickstart-'))
const client = await Keylatch.open({ path: path.join(folder, 'vault.db') })

// Once, by the developer: where Stripe's requests go. Without this they go to Stripe itself.
const integration = await client.integrations.create({ app: 'stripe', baseUrl: process.env.KEYLATCH_TEST_STRIPE })
console.log('Node')

// 1 Discover what the app needs.
const info = await client.getExpectedParamsForUser({ integrationId: integration.id })
for (const field of info.expectedParams) console.log(`  1 discover   ${field.name}: ${field.description}`)

// 2 Collect it, best into a buffer, which can be wiped. Here nobody types, so the "user" has a wrong key and a right one.
const [wrong, right] = [Buffer.from('not-a-key'), Buffer.from('sk_test_quickstart')]
console.log('  2 collect    a wrong key and a right one')

// 3 Initiate: Keylatch asks the provider. A wrong key is refused, and nothing is stored.
const user = client.getEntity('user-1')
try {
  await user.initiateConnection({ integrationId: integration.id, connectionParams: { api_key: wrong } })
} catch (error) {
  if (!(error instanceof CredentialsRejectedError)) throw error
  console.log(`  3 initiate   ${error.code}: ${error.message}`)
}
const request = await user.initiateConnection({ integrationId: integration.id, connectionParams: { api_key: right } })
console.log(`  3 initiate   ${request.verdict}; the buffer is wiped: ${right.every((byte) => byte === 0)}`)

// 4 Active at once.
const account = await client.connectedAccounts.get(request.connectedAccountId)
console.log(`  4 active     ${account.status}, redirect ${request.redirectUrl}`)

// Use it: Keylatch puts the key in, your program never sees it again.
const created = await user.request({
  app: 'stripe',
  method: 'POST',
  path: '/v1/customers',
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body: new URLSearchParams({ name: 'Ada Lovelace' }).toString(),
})
const customer = await user.request({ app: 'stripe', method: 'GET', path: `/v1/customers/${created.json().id}` })
console.log(`  use          customer ${customer.json().name} made and read back (${customer.status})`)

await client.close()
rmSync(folder, { recursive: true })
