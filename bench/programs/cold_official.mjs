// The whole flow on BENCH_SERVER in a new process, with Composio's newest SDK for Node.
import { AuthScheme, Composio } from '@composio/core'

const composio = new Composio({ allowTracking: false, disableVersionCheck: true })
const fields = await composio.toolkits.getConnectedAccountInitiationFields('stripe', 'API_KEY')
if (fields[0].name !== 'api_key') throw new Error('the fields are not those of the app')
const made = await composio.connectedAccounts.initiate('user-1', process.env.BENCH_INTEGRATION, {
  config: AuthScheme.APIKey({ api_key: 'sk_test_0123456789abcdefghijklmn' }),
})
const account = await composio.connectedAccounts.get(made.id)
if (account.status !== 'ACTIVE') throw new Error(`the connection is ${account.status}`)
