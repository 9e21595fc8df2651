// The four steps and the use, in Node: discover, collect, initiate, active; then a request with the user's key.
//
// Needs a Stripe to talk to: KEYLATCH_TEST_STRIPE is the address of a test server (`make quickstart` starts one).
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

import { Keylatch } from '../bindings-node/dist/index.mjs' // 'keylatch' in your own program

const folder = mkdtempSync(path.join(tmpdir(), 'keylatch-quickstart-'))
const client = await Keylatch.open({ path: path.join(folder, 'vault.db') })

// The developer's part, once: which app, and where it is.
const integration = await client.integrations.create({ app: 'stripe', baseUrl: process.env.KEYLATCH_TEST_STRIPE })

// 1 discover: what must the user give?
const info = await client.getExpectedParamsForUser({ integrationId: integration.id })
for (const field of info.expectedParams) console.log(`1 discover   ${field.name}: ${field.displayName}`)

// 2 collect: into a buffer that can be wiped. (Yours comes from a form; this one from the environment.)
const typed = Buffer.from(process.env.KEYLATCH_EXAMPLE_KEY ?? 'sk_test_quickstart')
console.log(`2 collect    ${typed.length} characters`)

// 3 initiate: Stripe is asked, then the key is sealed in the vault and the buffer wiped.
const user = client.getEntity('user-1')
const made = await user.initiateConnection({ integrationId: integration.id, connectionParams: { api_key: typed } })
console.log(`3 initiate   ${made.verdict} by Stripe, buffer wiped: ${typed.every((byte) => byte === 0)}`)

// 4 active: at once, nothing to redirect to.
const account = await client.connectedAccounts.get(made.connectedAccountId)
console.log(`4 active     ${account.status}, redirect URL ${made.redirectUrl}`)

// Use it by user and app. The key goes in on the way out; this program never sees it again.
const headers = { 'content-type': 'application/x-www-form-urlencoded' }
const created = await user.request({ app: 'stripe', method: 'POST', path: '/v1/customers', headers, body: 'name=Ada' })
const again = await user.request({ app: 'stripe', method: 'GET', path: `/v1/customers/${created.json().id}` })
console.log(`use          customer ${again.json().name} created and read back`)

await client.close()
rmSync(folder, { recursive: true })
