// The calls of the page "Connecting to Token/API Key Apps", in TypeScript.
// `calls.mjs` runs each statement by itself and notes what becomes of it.
import { OpenAIToolSet } from 'composio-core'

const integrationId = process.env.OFFICIAL_INTEGRATION
const value = process.env.OFFICIAL_KEY
const baseUrl = process.env.COMPOSIO_BASE_URL

// Start.
const toolset = new OpenAIToolSet({ baseUrl })

// 1 discover.
const info = await toolset.client.apps.getRequiredParamsForAuthScheme({ appId: 'STRIPE', authScheme: 'API_KEY' })
const required = info.required_fields.join()
const fromUser = info.expected_from_user.join()
const descriptions = info.fields.map((field) => field.description)
const inputs = info.expectedInputFields.map((field) => field.name)

// 3 initiate: on the toolset, without and with the user, and on the entity.
const request = await toolset.connectedAccounts.initiate({
  integrationId,
  authMode: 'API_KEY',
  connectionParams: { api_key: value },
})
const mine = await toolset.connectedAccounts.initiate({
  integrationId,
  entityId: 'user-1',
  authMode: 'API_KEY',
  connectionParams: { api_key: value },
})
const entity = await toolset.getEntity('user-1')
const direct = toolset.client.getEntity('user-1')
const same = await entity.initiateConnection({ appName: 'stripe', connectionParams: { api_key: value } })

// 4 active at once.
const active = request.connectionStatus === 'ACTIVE'
const nowhere = request.redirectUrl === null
const account = await toolset.connectedAccounts.get({ connectedAccountId: request.connectedAccountId })
