// The API-key flow with npm composio-core 0.5.39, the old TypeScript SDK, which speaks v1 and v2.
import { fails, refused, same, step } from './steps.mjs'
import { Composio, OpenAIToolSet } from 'composio-core'

const USER = 'user_42'
const [KEY, ROTATED] = ['example-key-value', 'example-rotated-value']
const UPSTREAM = process.env.OFFICIAL_UPSTREAM
const SHOP = { api_key: KEY, shop: 'demo-store' }
const NOWHERE = '00000000-0000-4000-8000-000000000000'

await fails(
  'start: at the address in the environment',
  /default address/,
  'OpenAIToolSet does not read COMPOSIO_BASE_URL, unlike its parent class',
  () => {
    const { baseUrl } = new OpenAIToolSet().backendClient
    if (baseUrl !== process.env.COMPOSIO_BASE_URL) throw new Error(`keeps to its default address ${baseUrl}`)
  },
)

const toolset = new OpenAIToolSet({ entityId: USER, baseUrl: process.env.COMPOSIO_BASE_URL })
const { client, connectedAccounts, integrations } = toolset
const ids = (answer) => answer.items.map((item) => item.id)

await step('discover: app', async () => {
  const app = await client.apps.get({ appKey: 'shopify' })
  same([app.key, app.name, app.testConnectors], ['shopify', 'shopify', []])
  same(
    app.auth_schemes[0].fields.map((field) => field.display_name),
    ['Admin API token', 'Store name', 'API version'],
  )
  const all = await client.apps.list()
  same(
    ['shopify', 'stripe'].every((key) => all.some((one) => one.key === key)),
    true,
  )
})

await step('discover: names of fields', async () => {
  const info = await client.apps.getRequiredParamsForAuthScheme({ appId: 'SHOPIFY', authScheme: 'API_KEY' })
  same(info, { required_fields: ['api_key', 'shop', 'version'], optional_fields: [], expected_from_user: [] })
  const { availableAuthSchemes, authSchemes } = await client.apps.getRequiredParams('stripe')
  same([availableAuthSchemes, authSchemes.API_KEY.required_fields], [['API_KEY'], ['api_key']])
  const none = await client.apps.getRequiredParamsForAuthScheme({ appName: 'stripe', authScheme: 'BASIC' })
  same(none === undefined, true)
  const partner = await client.apps.getRequiredParams('developer_fields')
  same(partner.authSchemes.API_KEY.expected_from_user, ['partner_key'])
})

let integrationId
await step('discover: fields, without an integration', async () => {
  const info = await client.getExpectedParamsForUser({ app: 'shopify', authScheme: 'API_KEY' })
  same(info.authScheme, 'API_KEY')
  const fields = info.expectedInputFields
  same(
    fields.map((field) => field.name),
    ['api_key', 'shop', 'version'],
  )
  same(
    fields.map((field) => field.displayName),
    ['Admin API token', 'Store name', 'API version'],
  )
  same(
    fields.map((field) => field.is_secret),
    [true, false, false],
  )
  same(
    fields.map((field) => field.required),
    [true, true, false],
  )
  same(
    fields.map((field) => field.default),
    [null, null, '2024-10'],
  )
  const again = await client.getExpectedParamsForUser({ app: 'shopify' })
  same(again.integrationId, info.integrationId)
  integrationId = info.integrationId
})

await fails(
  'discover: fields where the developer owes some',
  /No default credentials available/,
  'the SDK makes no integration for a scheme with any field of the developer',
  () => client.getExpectedParamsForUser({ app: 'developer_fields' }),
)

await step('integrate', async () => {
  const made = await integrations.create({
    name: 'stripe keys',
    appUniqueKey: 'stripe',
    authScheme: 'API_KEY',
    authConfig: { base_url: UPSTREAM },
    useComposioAuth: false,
  })
  same([made.name, made.appName, made.authScheme, made.enabled], ['stripe keys', 'stripe', 'API_KEY', true])
  same((await integrations.get({ integrationId: made.id })).id, made.id)
  same(ids(await integrations.list({ appName: 'stripe' })), [made.id])
  const required = await integrations.getRequiredParams({ integrationId: made.id })
  same(
    required.map((field) => field.name),
    ['api_key'],
  )
})

await step('missing fields', async () => {
  const error = await refused(/BadRequestError/, () =>
    connectedAccounts.initiate({ integrationId, entityId: USER, connectionParams: { shop: 'demo-store' } }),
  )
  same([error.errCode, error.description.includes('"data.api_key"')], ['BACKEND::BAD_REQUEST', true])
})

let made
await step('initiate', async () => {
  made = await connectedAccounts.initiate({
    integrationId,
    entityId: USER,
    authMode: 'API_KEY',
    connectionParams: { ...SHOP, base_url: UPSTREAM },
  })
  same([made.connectionStatus, made.redirectUrl], ['ACTIVE', null])
})

await step('wait', async () => {
  same((await made.waitUntilActive(5)).status, 'ACTIVE')
})

let account
await step('get', async () => {
  account = await connectedAccounts.get({ connectedAccountId: made.connectedAccountId })
  same([account.id, account.integrationId, account.status], [made.connectedAccountId, integrationId, 'ACTIVE'])
  same([account.appName, account.appUniqueId, account.isDisabled], ['shopify', 'shopify', false])
  same([account.clientUniqueUserId, account.entityId], [USER, USER])
  same(JSON.stringify(account).includes(KEY), false)
})

let others
await step('initiate: through the entity', async () => {
  const entity = await toolset.getEntity('user_7')
  others = await entity.initiateConnection({ appName: 'SHOPIFY', connectionParams: SHOP })
  same([others.connectionStatus, others.redirectUrl], ['ACTIVE', null])
  const other = await connectedAccounts.get({ connectedAccountId: others.connectedAccountId })
  same([other.clientUniqueUserId, other.integrationId], ['user_7', integrationId])
})

await step('list', async () => {
  same(ids(await connectedAccounts.list({ user_uuid: USER })), [account.id])
  same(ids(await connectedAccounts.list({ entityId: 'user_7' })), [others.connectedAccountId])
  same((await connectedAccounts.list({ appNames: 'shopify', status: 'ACTIVE' })).items.length, 2)
  same((await connectedAccounts.list({ appNames: 'stripe', showActiveOnly: true })).items.length, 0)
  same((await connectedAccounts.list({ integrationId })).items.length, 2)
  const entity = await toolset.getEntity(USER)
  same(
    (await entity.getConnections()).map((one) => one.id),
    [account.id],
  )
  same((await entity.getConnection({ appName: 'shopify' })).id, account.id)
})

const execute = (connectedAccountId) =>
  toolset.executeAction({ action: 'SHOPIFY_GET_SHOP', params: {}, entityId: USER, connectedAccountId })

await step('execute', async () => {
  for (const choice of [undefined, account.id]) {
    const result = await execute(choice)
    same([result.successful, result.error, result.data], [true, null, { shop: { name: 'Demo store' } }])
  }
})

await step('proxy', async () => {
  const result = await client.actions.executeRequest({
    connectedAccountId: account.id,
    endpoint: '/admin/api/shop.json',
    method: 'GET',
    parameters: [{ name: 'page', in: 'query', value: '2' }],
  })
  same([result.successful, JSON.stringify(result.data).includes('Demo store')], [true, true])
})

await step('initiate: again, by the request object', async () => {
  const fieldInputs = { ...SHOP, api_key: ROTATED, base_url: UPSTREAM }
  const { data } = await made.saveUserAccessData({ fieldInputs, entityId: USER })
  same([data.connectionStatus, data.connectedAccountId === account.id], ['ACTIVE', false])
  same((await execute(data.connectedAccountId)).data, { shop: { name: 'Rotated store' } })
})

await step('rotate', async () => {
  const again = await connectedAccounts.reinitiateConnection({
    connectedAccountId: account.id,
    data: { ...SHOP, api_key: ROTATED, base_url: UPSTREAM },
  })
  same(again.connectionStatus, 'ACTIVE')
  same((await execute(again.connectedAccountId)).data, { shop: { name: 'Rotated store' } })
})

await step('disable', async () => {
  same((await connectedAccounts.disable({ connectedAccountId: account.id })).status, 'success')
  same(ids(await connectedAccounts.list({ user_uuid: USER })).includes(account.id), false)
})

await step('enable', async () => {
  same((await connectedAccounts.enable({ connectedAccountId: account.id })).status, 'success')
  same(ids(await connectedAccounts.list({ user_uuid: USER })).includes(account.id), true)
})

await step('unknown ids', async () => {
  const calls = [
    () => connectedAccounts.get({ connectedAccountId: NOWHERE }),
    () => integrations.get({ integrationId: NOWHERE }),
    () => client.apps.get({ appKey: 'no_such_app' }),
    () => connectedAccounts.initiate({ integrationId: NOWHERE, entityId: USER, connectionParams: SHOP }),
  ]
  for (const call of calls) same((await refused(/./, call)).errCode, 'BACKEND::NOT_FOUND')
})

await step('wrong API key', async () => {
  const wrong = new Composio({ apiKey: 'ak_nobody' })
  const error = await refused(/./, () => wrong.apps.get({ appKey: 'shopify' }))
  same(error.errCode, 'BACKEND::UNAUTHORIZED')
})

await step('delete', async () => {
  const gone = await connectedAccounts.delete({ connectedAccountId: account.id })
  same([gone.status, gone.count], ['success', 1])
  const error = await refused(/./, () => connectedAccounts.get({ connectedAccountId: account.id }))
  same(error.errCode, 'BACKEND::NOT_FOUND')
  same((await integrations.delete({ integrationId })).status, 'success')
  same((await refused(/./, () => integrations.get({ integrationId }))).errCode, 'BACKEND::NOT_FOUND')
})
