// Composio's newest SDK for Node on BENCH_SERVER: initiates with the integration of BENCH_SAMPLES and gets.
import { AuthScheme, Composio } from '@composio/core'

import { Samples, work } from './orders.mjs'

const samples = new Samples()
const { connectedAccounts: accounts } = new Composio({ allowTracking: false, disableVersionCheck: true })

await work(async () => {
  const config = AuthScheme.APIKey({ api_key: 'sk_test_0123456789abcdefghijklmn' })
  const made = await accounts.initiate(samples.entity(), samples.integration, { config })
  await accounts.get(made.id)
})
