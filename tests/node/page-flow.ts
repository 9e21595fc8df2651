// The calls of Composio's page "Connecting to Token/API Key Apps", in its order and with its names, as a program would be
// after its import line was changed. `composio-program.test.mjs` compiles it under `tsc --strict` and runs it on each
// backend, which the environment chooses.
import { OpenAIToolSet } from 'keylatch/composio'

async function main(integrationId: string, value: string): Promise<object> {
  const toolset = new OpenAIToolSet()

  // 1 discover
  const info = await toolset.client.apps.getRequiredParamsForAuthScheme({ appId: 'STRIPE', authScheme: 'API_KEY' })
  const descriptions = info.fields.map((field) => `${field.displayName}: ${field.description}`)

  // 2 collect: `value` stands for what the user typed

  // 3 initiate
  const request = await toolset.connectedAccounts.initiate({
    integrationId,
    entityId: 'user-1',
    authMode: 'API_KEY',
    connectionParams: { api_key: value },
  })
  const entity = await toolset.getEntity('user-1')
  const same = await entity.initiateConnection({ appName: 'stripe', connectionParams: { api_key: value } })
  const other = await toolset.client.getEntity('user-2')
  const third = await other.initiateConnection({ integrationId, connectionParams: { api_key: value } })

  // 4 active at once
  const account = await toolset.connectedAccounts.get({ connectedAccountId: request.connectedAccountId })
  const waited = await request.waitUntilActive(5)

  // use
  const byUser = await toolset.executeAction({ action: 'STRIPE_RETRIEVE_BALANCE', params: {}, entityId: 'user-1' })
  const byAccount = await toolset.executeAction({
    action: 'STRIPE_RETRIEVE_BALANCE',
    params: {},
    connectedAccountId: third.connectedAccountId,
  })
  return {
    required: info.required_fields,
    fromUser: info.expected_from_user,
    again: info.expectedInputFields.map(({ name }) => name),
    descriptions,
    statuses: [request, same, third].map(({ connectionStatus, redirectUrl }) => [connectionStatus, redirectUrl]),
    ids: new Set([request, same, third].map(({ connectedAccountId }) => connectedAccountId)).size,
    account: [account.status, account.appName, account.entityId, account.integrationId === integrationId],
    waited: waited.id === account.id,
    successful: [byUser, byAccount].map(({ successful, successfull, error }) => [successful, successfull, error]),
  }
}

const [integrationId = '', value = ''] = process.argv.slice(2)
main(integrationId, value).then((result) => console.log(JSON.stringify(result)))
