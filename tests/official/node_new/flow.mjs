// The API-key flow with npm @composio/core 0.21.0 and @composio/client 2.0.0-rc.6, the new TypeScript SDK: v3.1.
import { refused, same, step } from './steps.mjs'
import { AuthScheme, Composio } from '@composio/core'

const USER = 'user_42'
const [KEY, ROTATED] = ['example-key-value', 'example-rotated-value']
const UPSTREAM = process.env.OFFICIAL_UPSTREAM
const SHOP = { api_key: KEY, shop: 'demo-store' }

// The SDK takes answers that are not of its own types with no more than a warning.
const warnings = []
console.warn = (...words) => warnings.push(words.join(' '))

const settings = { allowTracking: false, disableVersionCheck: true }
const composio = new Composio(settings)
const { authConfigs: configs, connectedAccounts: accounts, toolkits, tools } = composio
const ids = (answer) => answer.items.map((item) => item.id)
const code = (error) => error.error.error.code

await step('discover: fields', async () => {
  const fields = await toolkits.getConnectedAccountInitiationFields('shopify', 'API_KEY')
  same(
    fields.map((field) => field.name),
    ['api_key', 'shop', 'version'],
  )
  same(
    fields.map((field) => field.displayName),
    ['Admin API token', 'Store name', 'API version'],
  )
  same(
    fields.map((field) => field.required),
    [true, true, false],
  )
  same(
    fields.map((field) => field.isSecret),
    [true, false, false],
  )
  same(
    fields.map((field) => field.default),
    [null, null, '2024-10'],
  )
  const only = await toolkits.getConnectedAccountInitiationFields('shopify', 'API_KEY', { requiredOnly: true })
  same(
    only.map((field) => field.name),
    ['api_key', 'shop'],
  )
  same(await toolkits.getAuthConfigCreationFields('shopify', 'API_KEY', {}), [])
  const [field] = await toolkits.getConnectedAccountInitiationFields('stripe', 'API_KEY')
  same([field.name, field.displayName], ['api_key', 'Secret key'])
  const [secret] = await toolkits.getConnectedAccountInitiationFields('notion', 'API_KEY')
  same([secret.required, secret.isSecret], [true, true])
  await refused(/ComposioAuthConfigNotFoundError/, () =>
    toolkits.getConnectedAccountInitiationFields('shopify', 'BASIC'),
  )
})

await step('discover: app', async () => {
  const toolkit = await toolkits.get('stripe')
  same([toolkit.slug, toolkit.name, toolkit.isLocalToolkit], ['stripe', 'Stripe', false])
  same(
    toolkit.authConfigDetails.map((detail) => detail.mode),
    ['API_KEY'],
  )
  const [first] = await toolkits.get({ category: 'ecommerce', sortBy: 'alphabetically' })
  same([first.slug, first.authSchemes, first.noAuth], ['shopify', ['API_KEY'], false])
})

let config
await step('integrate', async () => {
  const options = { type: 'use_custom_auth', authScheme: 'API_KEY', name: 'Shopify keys', credentials: {} }
  config = await configs.create('shopify', options)
  same([config.id.slice(0, 3), config.authScheme, config.isComposioManaged], ['ac_', 'API_KEY', false])
})

let stripe, partner
await step('integrate: with values of the developer', async () => {
  const options = { type: 'use_custom_auth', authScheme: 'API_KEY', credentials: { base_url: UPSTREAM } }
  stripe = await configs.create('stripe', options)
  const values = { partner_key: 'example-partner-key' }
  partner = await configs.create('developer_fields', { ...options, credentials: values })
})

await step('integrate: with values for all users', async () => {
  const shared = {
    type: 'use_custom_auth',
    authScheme: 'API_KEY',
    credentials: {},
    shared_credentials: { api_key: KEY },
  }
  await composio.getClient().authConfigs.create({ toolkit: { slug: 'stripe' }, auth_config: shared })
})

await step('integration: get', async () => {
  same(ids(await configs.list({ toolkit: 'shopify' })), [config.id])
  const found = await configs.get(config.id)
  same([found.id, found.name, found.status], [config.id, 'Shopify keys', 'ENABLED'])
  same([found.toolkit.slug, found.authScheme, found.noOfConnections], ['shopify', 'API_KEY', 0])
})

await step('integration: update', async () => {
  await configs.update(stripe.id, { type: 'custom', credentials: { account_url: 'https://stripe.example.test' } })
  const { credentials } = await configs.get(stripe.id)
  same(credentials, { base_url: UPSTREAM, account_url: 'https://stripe.example.test' })
})

await step('missing fields', async () => {
  const flat = { authScheme: 'API_KEY', ...SHOP }
  for (const state of [undefined, AuthScheme.APIKey({ version: '2024-10' }), flat]) {
    const error = await refused(/^BadRequestError/, () => accounts.initiate(USER, config.id, { config: state }))
    same([error.status, code(error)], [400, 612])
    same(error.error.error.message, 'Missing required fields: Admin API token, Store name')
  }
})

let made
await step('initiate', async () => {
  const state = AuthScheme.APIKey({ ...SHOP, base_url: UPSTREAM })
  made = await accounts.initiate(USER, config.id, { config: state, alias: 'main-store' })
  same([made.id.slice(0, 3), made.status, made.redirectUrl], ['ca_', 'ACTIVE', null])
})

await step('wait', async () => {
  same((await made.waitForConnection(5000)).status, 'ACTIVE')
  same((await accounts.waitForConnection(made.id, 5000)).id, made.id)
})

await step('get', async () => {
  const account = await accounts.get(made.id)
  same([account.id, account.status, account.isDisabled, account.alias], [made.id, 'ACTIVE', false, 'main-store'])
  same([account.toolkit.slug, account.authConfig.id], ['shopify', config.id])
  same([account.authConfig.authScheme, account.authConfig.isComposioManaged], ['API_KEY', false])
  const { val, authScheme } = account.state
  same([authScheme, val.status, val.api_key, val.shop], ['API_KEY', 'ACTIVE', 'exam...', 'demo-store'])
  same(JSON.stringify(account).includes(KEY), false)
})

await step('one account is enough', () =>
  refused(/^ComposioMultipleConnectedAccountsError/, () =>
    accounts.initiate(USER, config.id, { config: AuthScheme.APIKey(SHOP) }),
  ),
)

let second
await step('initiate: another, by leave', async () => {
  const options = { config: AuthScheme.APIKey(SHOP), allowMultiple: true, callbackUrl: 'https://host.example.test' }
  second = await accounts.initiate(USER, config.id, options)
  same(second.id === made.id, false)
})

await step('initiate: alias in use', async () => {
  const options = { config: AuthScheme.APIKey(SHOP), allowMultiple: true, alias: 'main-store' }
  const error = await refused(/^BadRequestError/, () => accounts.initiate(USER, config.id, options))
  same([error.status, code(error)], [400, 600])
})

await step('list', async () => {
  same(ids(await accounts.list({ userIds: [USER] })), [second.id, made.id])
  const page = await accounts.list({
    userIds: [USER],
    toolkitSlugs: ['shopify', 'stripe'],
    authConfigIds: [config.id],
    statuses: ['ACTIVE', 'EXPIRED'],
    orderBy: 'created_at',
    limit: 1,
  })
  same([ids(page), page.totalPages], [[second.id], 2])
  const next = await accounts.list({ userIds: [USER], limit: 1, cursor: page.nextCursor })
  same([ids(next), next.nextCursor], [[made.id], null])
  same(ids(await accounts.list({ userIds: ['somebody_else'] })), [])
})

const execute = (connectedAccountId, userId = USER) =>
  tools.execute('SHOPIFY_GET_SHOP', { userId, connectedAccountId, arguments: {}, dangerouslySkipVersionCheck: true })

await step('execute', async () => {
  const result = await execute(made.id)
  same([result.data, result.error, result.successful], [{ shop: { name: 'Demo store' } }, null, true])
})

let other
await step('execute: refused by the app', async () => {
  const state = AuthScheme.APIKey({ ...SHOP, api_key: 'no-good', base_url: UPSTREAM })
  other = await accounts.initiate('user_bad', config.id, { config: state })
  const result = await execute(other.id, 'user_bad')
  same([result.successful, Boolean(result.error)], [false, true])
})

await step('execute: by user', async () => {
  await accounts.initiate(USER, stripe.id, { config: AuthScheme.APIKey({ api_key: KEY }) })
  const options = { userId: USER, arguments: {}, version: '20261101_00' }
  const result = await tools.execute('STRIPE_RETRIEVE_BALANCE', options)
  same([result.successful, result.data.object], [true, 'balance'])
})

await step('execute: with arguments', async () => {
  const options = { userId: USER, version: '20261101_00' }
  const made = await tools.execute('STRIPE_CREATE_CUSTOMER', { ...options, arguments: { name: 'Ada' } })
  same([made.successful, made.data.body], [true, 'name=Ada'])
  const read = await tools.execute('STRIPE_RETRIEVE_CUSTOMER', { ...options, arguments: { customer_id: 'cus_1' } })
  same([read.successful, read.data], [true, { id: 'cus_1' }])
})

await step('proxy', async () => {
  const answer = await tools.proxyExecute({
    endpoint: '/echo',
    method: 'POST',
    body: { name: 'Ada' },
    connectedAccountId: made.id,
    parameters: [
      { name: 'page', in: 'query', value: 2 },
      { name: 'x-more', in: 'header', value: '1' },
    ],
  })
  const { query, body, headers } = answer.data
  same([answer.status, query, JSON.parse(body)], [200, { page: '2' }, { name: 'Ada' }])
  same([headers['x-more'], headers['x-store-access-token']], ['1', KEY])
})

await step('proxy: upstream error', async () => {
  const answer = await tools.proxyExecute({ endpoint: '/nothing', method: 'GET', connectedAccountId: made.id })
  same(answer.status, 404)
})

await step('proxy: does the key work', async () => {
  const { get_current_user_endpoint: endpoint } = await composio.getClient().toolkits.retrieve('shopify')
  const answer = await tools.proxyExecute({ endpoint, method: 'GET', connectedAccountId: made.id })
  same(answer.status, 200)
})

await step('rotate', async () => {
  const state = { authScheme: 'API_KEY', val: { api_key: ROTATED } }
  await composio.getClient().connectedAccounts.patch(made.id, { connection: { state } })
  same((await execute(made.id)).data, { shop: { name: 'Rotated store' } })
  same((await accounts.get(made.id)).state.val.shop, 'demo-store')
})

await step('rename', async () => {
  await composio.getClient().connectedAccounts.patch(made.id, { alias: 'old-store' })
  same((await accounts.get(made.id)).alias, 'old-store')
})

await step('disable', async () => {
  same((await accounts.disable(made.id)).success, true)
  const account = await accounts.get(made.id)
  same([account.status, account.isDisabled], ['INACTIVE', true])
  same(ids(await accounts.list({ userIds: [USER], toolkitSlugs: ['shopify'] })), [second.id])
  same(ids(await accounts.list({ userIds: [USER], statuses: ['INACTIVE'] })), [made.id])
})

await step('enable', async () => {
  same((await accounts.enable(made.id)).success, true)
  same((await accounts.get(made.id)).status, 'ACTIVE')
})

await step('refresh', async () => {
  same((await accounts.refresh(made.id)).id, made.id)
})

await step('link', async () => {
  const linked = await accounts.link('user_link', config.id)
  same([linked.status, typeof linked.redirectUrl], ['INITIATED', 'string'])
  same((await accounts.get(linked.id)).status, 'INITIATED')
})

await step('integration: disable and enable', async () => {
  await configs.disable(config.id)
  same((await configs.get(config.id)).status, 'DISABLED')
  same(ids(await configs.list({ toolkit: 'shopify' })), [])
  same(ids(await configs.list({ toolkit: 'shopify', showDisabled: true })), [config.id])
  await configs.enable(config.id)
  same((await configs.get(config.id)).status, 'ENABLED')
})

await step('unknown ids', async () => {
  const error = await refused(/^NotFoundError/, () => accounts.get('ca_nowhere'))
  same([error.status, code(error), error.error.error.slug], [404, 606, 'ConnectedAccount_ResourceNotFound'])
  await refused(/./, () => configs.get('ac_nowhere'))
  await refused(/^ComposioToolkitNotFoundError/, () => toolkits.get('no_such_toolkit'))
  await refused(/./, () => tools.execute('NO_SUCH_TOOL', { userId: USER, arguments: {}, version: '20261101_00' }))
  await refused(/./, () => execute(undefined, 'nobody'))
})

await step('wrong API key', async () => {
  const wrong = new Composio({ ...settings, apiKey: 'ak_nobody' })
  const error = await refused(/^AuthenticationError/, () => wrong.connectedAccounts.list())
  same([error.status, code(error)], [401, 801])
  same(String(error).includes('ak_nobody'), false)
})

await step('revoke', async () => {
  const { connectedAccount } = await accounts.revoke(second.id)
  same([connectedAccount.id, connectedAccount.status], [second.id, 'REVOKED'])
  await refused(/^ComposioConnectedAccountNotRevokableError/, () => accounts.revoke(second.id))
})

await step('delete: and revoke', async () => {
  const { connectedAccounts } = composio.getClient()
  same((await connectedAccounts.delete(other.id, { revoke_on_delete: true })).success, true)
  await refused(/^NotFoundError/, () => accounts.get(other.id))
})

await step('delete', async () => {
  same((await accounts.delete(made.id)).success, true)
  await refused(/^NotFoundError/, () => accounts.get(made.id))
  await configs.delete(stripe.id)
  await refused(/./, () => configs.get(stripe.id))
  await configs.delete(partner.id)
})

await step('answers of the right types', () => {
  same(
    warnings.filter((warning) => !warning.includes('AllowMultiple')),
    [],
  )
})
