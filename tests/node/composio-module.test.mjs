// `keylatch/composio` on each backend, by the names of Composio's old SDK.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  CredentialsRejectedError,
  InvalidArgumentError,
  MissingFieldsError,
  NotFoundError,
  UnknownAppError,
  UnknownFieldError,
  UnsupportedSchemeError,
} from '../../bindings-node/dist/index.mjs'
import { OpenAIToolSet } from '../../bindings-node/dist/composio/index.mjs'
import { BACKENDS, KEY, setUp } from './backends.mjs'
import { started } from './double.mjs'
import { thrown } from './vault.mjs'

const skip = started ? false : 'needs tests/servers/run.py'
const typed = () => Buffer.from(KEY)

for (const backend of BACKENDS) {
  const on = (name, work) =>
    test(`${name}: ${backend}`, { skip }, async (t) => work(await setUp(t, backend, name.replaceAll(' ', '-')), t))

  on('discover', async ({ toolset, integrationId }) => {
    const { apps } = toolset.client
    const info = await apps.getRequiredParamsForAuthScheme({ appId: 'STRIPE', authScheme: 'API_KEY' })
    assert.deepEqual(
      [info.required_fields, info.optional_fields, info.expected_from_user],
      [['api_key'], [], ['api_key']],
    )
    assert.equal(info.expectedInputFields, info.fields)
    const [field] = info.fields
    assert.ok(field.description && field.displayName && field.is_secret && field.expected_from_customer)
    const all = await apps.getRequiredParams('Stripe')
    assert.deepEqual(all.availableAuthSchemes, ['API_KEY'])
    assert.deepEqual(all.authSchemes.API_KEY.required_fields, ['api_key'])
    assert.equal(all.authSchemes.API_KEY.fields.length, 1)
    const app = await apps.get({ appKey: 'STRIPE' })
    assert.deepEqual([app.key, app.appId, app.auth_schemes[0].mode], ['stripe', 'stripe', 'API_KEY'])
    assert.ok((await toolset.apps.list()).some(({ key }) => key === 'stripe'))
    const expected = await toolset.client.getExpectedParamsForUser({ app: 'STRIPE', entityId: 'user-1' })
    assert.deepEqual([expected.integrationId, expected.authScheme], [integrationId, 'API_KEY'])
    assert.ok((await thrown(apps.get({ appKey: 'strippe' }))) instanceof UnknownAppError)
    const basic = apps.getRequiredParamsForAuthScheme({ appName: 'stripe', authScheme: 'BASIC' })
    assert.ok((await thrown(basic)) instanceof UnsupportedSchemeError)
  })

  on('integrations', async ({ toolset, integrationId }) => {
    const { integrations } = toolset.client
    const one = await integrations.get({ integrationId })
    assert.deepEqual([one.appName, one.authScheme, one.enabled, one.deleted], ['stripe', 'API_KEY', true, false])
    assert.deepEqual(
      one.expectedInputFields.map(({ name }) => name),
      ['api_key'],
    )
    assert.deepEqual(await integrations.getRequiredParams({ integrationId }), one.expectedInputFields)
    const again = await integrations.getOrCreateIntegration({
      name: 'x',
      appUniqueKey: 'stripe',
      authScheme: 'api_key',
    })
    assert.equal(again.id, integrationId)
    const forced = await integrations.getOrCreateIntegration({ appId: 'stripe', forceNewIntegration: true })
    assert.notEqual(forced.id, integrationId)
    const page = await integrations.list({ appName: 'STRIPE', page: 1, pageSize: 1, showDisabled: false })
    assert.deepEqual([page.items.length, page.page, page.totalPages], [1, 1, 2])
    assert.deepEqual(await integrations.delete({ integrationId: forced.id }), { status: 'success', count: 1 })
    assert.equal((await integrations.list({ appUniqueKey: 'stripe' })).items.length, 1)
    assert.ok((await thrown(integrations.get({ integrationId: forced.id }))) instanceof NotFoundError)
    assert.ok((await thrown(integrations.create({ name: 'x' }))) instanceof InvalidArgumentError)
  })

  on('connect', async ({ toolset, integrationId }) => {
    const buffer = typed()
    const initiating = toolset.connectedAccounts.initiate({
      integrationId,
      entityId: 'user-1',
      authMode: 'API_KEY',
      connectionParams: { api_key: buffer },
    })
    assert.ok(buffer.every((byte) => byte === 0))
    const request = await initiating
    assert.deepEqual([request.connectionStatus, request.redirectUrl, request.verdict], ['ACTIVE', null, 'accepted'])
    const account = await toolset.connectedAccounts.get({ connectedAccountId: request.connectedAccountId })
    assert.deepEqual([account.status, account.appName, account.appUniqueId], ['ACTIVE', 'stripe', 'stripe'])
    assert.deepEqual([account.clientUniqueUserId, account.entityId], ['user-1', 'user-1'])
    assert.deepEqual([account.isDisabled, account.enabled, account.connectionParams], [false, true, {}])
    assert.equal((await request.waitUntilActive(5)).id, account.id)
    // As on Composio, a user may connect again; replacing and refusing are there for those who ask.
    const entity = await toolset.client.getEntity('user-1')
    const again = await entity.initiateConnection({ appName: 'STRIPE', connectionParams: { api_key: KEY } })
    assert.notEqual(again.connectedAccountId, request.connectedAccountId)
    const ask = { integrationId, connectionParams: { api_key: KEY } }
    const refused = await thrown(entity.initiateConnection({ ...ask, allowMultiple: false }))
    assert.equal(refused.code, 'already_exists')
    assert.ok((await thrown(entity.initiateConnection({ ...ask, entityId: 'user-2' }))) instanceof InvalidArgumentError)
    const other = await toolset.getEntity('user-2').initiateConnection({ ...ask, entityId: 'user-2', redirectUri: '' })
    const replaced = await toolset.getEntity('user-2').initiateConnection({ ...ask, replace: true })
    assert.deepEqual([replaced.connectedAccountId, replaced.replaced], [other.connectedAccountId, true])
    const wrong = entity.initiateConnection({ integrationId, connectionParams: { api_key: 'sk_test_wrong_0001' } })
    assert.ok((await thrown(wrong)) instanceof CredentialsRejectedError)
    assert.ok((await thrown(entity.initiateConnection({ integrationId }))) instanceof MissingFieldsError)
  })

  on('the developers own values', async ({ double, toolset, integrationId }) => {
    const entity = toolset.getEntity('user-1')
    const authConfig = { base_url: double.addresses.provider_http }
    const connect = (authConfig) =>
      entity.initiateConnection({
        appName: 'stripe',
        authMode: 'API_KEY',
        authConfig,
        connectionParams: { api_key: KEY },
      })
    const used = async ({ connectedAccountId }) =>
      (await toolset.connectedAccounts.get({ connectedAccountId })).integrationId
    const one = await used(await connect(authConfig))
    assert.notEqual(one, integrationId)
    assert.equal(await used(await connect(authConfig)), one)
    assert.equal(await used(await connect({ base_url: double.addresses.provider })), integrationId)
    const { integrations } = toolset.client
    const found = await integrations.getOrCreateIntegration({ appName: 'stripe', authScheme: 'api_key', authConfig })
    assert.equal(found.id, one)
    const fixed = await integrations.create({ appName: 'stripe', authConfig: { ...authConfig, api_key: typed() } })
    assert.deepEqual([fixed.fixedFields, fixed.expectedInputFields], [['api_key'], []])
    const same = { appName: 'stripe', authConfig: { ...authConfig, api_key: typed() } }
    assert.equal((await integrations.getOrCreateIntegration(same)).id, fixed.id)
    assert.equal((await integrations.list({ appName: 'stripe' })).items.length, 3)
    const strange = integrations.create({ appName: 'stripe', authConfig: { api_kee: KEY } })
    assert.ok((await thrown(strange)) instanceof UnknownFieldError)
    for (const also of [{ integrationId: 'ac_1', appName: 'stripe' }, {}]) {
      assert.ok((await thrown(entity.initiateConnection({ ...also, authConfig }))) instanceof InvalidArgumentError)
    }
  })

  on('there is no default user', async ({ toolset, integrationId, given }, t) => {
    const connectionParams = { api_key: KEY }
    const calls = [
      () => toolset.connectedAccounts.initiate({ integrationId, connectionParams }),
      () => toolset.connectedAccounts.initiate({ integrationId, connectionParams, entityId: '' }),
      () => toolset.executeAction({ action: 'STRIPE_RETRIEVE_BALANCE' }),
      () => toolset.client.actions.execute({ actionName: 'STRIPE_RETRIEVE_BALANCE', requestBody: {} }),
      () => toolset.connectedAccounts.initiate(),
      () => toolset.executeAction(),
      () => toolset.client.actions.execute(),
      async () => toolset.getEntity(),
      async () => toolset.client.getEntity(''),
    ]
    for (const call of calls) {
      const error = await thrown(call())
      assert.ok(error instanceof InvalidArgumentError, `${call}: ${error}`)
      assert.deepEqual(error.fields, ['entity_id'])
      assert.match(error.message, /no default user/)
    }
    assert.equal((await toolset.connectedAccounts.list()).items.length, 0)
    const own = new OpenAIToolSet({ ...given(), entityId: 'user-7' })
    t.after(() => own.close())
    const request = await own.connectedAccounts.initiate({ integrationId, connectionParams })
    const account = await own.connectedAccounts.get({ connectedAccountId: request.connectedAccountId })
    assert.equal(account.entityId, 'user-7')
    assert.equal(own.getEntity().id, 'user-7')
    assert.equal((await own.executeAction({ action: 'STRIPE_RETRIEVE_BALANCE' })).successful, true)
  })

  on('the life of a connection', async ({ toolset, integrationId }) => {
    const { connectedAccounts } = toolset
    const connect = async (id) =>
      (await toolset.getEntity(id).initiateConnection({ integrationId, connectionParams: { api_key: KEY } }))
        .connectedAccountId
    const ids = [await connect('user-1'), await connect('user-2'), await connect('user-3')]
    const [connectedAccountId] = ids
    const listed = async (filter) => (await connectedAccounts.list(filter)).items.map(({ id }) => id).sort()
    assert.deepEqual(await listed(), [...ids].sort())
    assert.deepEqual(await listed({ entityId: 'user-1,user-3' }), [ids[0], ids[2]].sort())
    assert.deepEqual(await listed({ user_uuid: 'user-2', appNames: 'github,STRIPE', integrationId }), [ids[1]])
    assert.deepEqual(await listed({ appUniqueKeys: ['github'] }), [])
    assert.deepEqual(await listed({ connectionId: ids[2] }), [ids[2]])
    const page = await connectedAccounts.list({ page: 2, pageSize: 2 })
    assert.deepEqual([page.items.length, page.page, page.totalPages], [1, 2, 2])

    assert.deepEqual(await connectedAccounts.disable({ connectedAccountId }), { status: 'success' })
    assert.deepEqual(await listed({ entityId: 'user-1' }), [])
    assert.deepEqual(await listed({ entityId: 'user-1', showDisabled: true }), [connectedAccountId])
    assert.deepEqual(await toolset.getEntity('user-1').getConnections(), [])
    const off = await connectedAccounts.get({ connectedAccountId })
    assert.deepEqual([off.isDisabled, off.enabled], [true, false])
    assert.deepEqual(await connectedAccounts.enable({ connectedAccountId }), { status: 'success' })
    assert.deepEqual(await listed({ showActiveOnly: true, entityId: 'user-1' }), [connectedAccountId])

    const data = { api_key: typed() }
    const rotating = connectedAccounts.reinitiateConnection({ connectedAccountId, data, redirectUri: '' })
    assert.ok(data.api_key.every((byte) => byte === 0))
    const rotated = await rotating
    assert.deepEqual([rotated.connectedAccountId, rotated.connectionStatus], [connectedAccountId, 'ACTIVE'])
    assert.deepEqual(await connectedAccounts.delete({ connectedAccountId }), { status: 'success', count: 1 })
    assert.ok((await thrown(connectedAccounts.get({ connectedAccountId }))) instanceof NotFoundError)
  })

  on('act', async ({ double, toolset, integrationId, given }, t) => {
    const entity = toolset.getEntity('user-1')
    const connect = () => entity.initiateConnection({ integrationId, connectionParams: { api_key: KEY } })
    const { connectedAccountId: first } = await connect()
    const balance = { data: { object: 'balance' }, error: null, successful: true, successfull: true }
    const told = ({ logId: _, ...outcome }) => outcome
    const action = 'STRIPE_RETRIEVE_BALANCE'
    assert.deepEqual(told(await toolset.executeAction({ action, params: {}, entityId: 'user-1' })), balance)
    const { connectedAccountId: second } = await connect()
    // The newest of several, as on Composio.
    assert.equal((await entity.getConnection({ app: 'stripe' })).id, second)
    assert.equal((await entity.getConnection({ connectedAccountId: first })).id, first)
    assert.equal((await entity.getConnections()).length, 2)
    assert.deepEqual(told(await toolset.executeAction({ actionName: action, entityId: 'user-1' })), balance)
    assert.deepEqual(told(await toolset.executeAction({ action, connectedAccountId: first })), balance)
    assert.deepEqual(told(await entity.execute({ actionName: action, params: {} })), balance)
    const requestBody = { connectedAccountId: first, entityId: 'user-1', input: {}, appName: 'stripe' }
    assert.deepEqual(told(await toolset.client.actions.execute({ actionName: action, requestBody })), balance)

    const declined = await entity.execute({ actionName: 'STRIPE_CREATE_CUSTOMER', params: { name: 'Ada' } })
    assert.deepEqual([declined.successful, declined.successfull, declined.data], [false, false, {}])
    assert.match(declined.error, /402/)
    const other = toolset.getEntity('user-2')
    assert.ok((await thrown(other.execute({ actionName: action }))) instanceof NotFoundError)
    assert.ok((await thrown(other.execute({ actionName: action, connectedAccountId: first }))) instanceof NotFoundError)
    assert.ok((await thrown(other.getConnection({ connectedAccountId: first }))) instanceof InvalidArgumentError)
    assert.ok((await thrown(toolset.executeAction({ entityId: 'user-1' }))) instanceof InvalidArgumentError)

    const own = new OpenAIToolSet({ ...given(), connectedAccountIds: { Stripe: first, stri: 'ca_none' } })
    t.after(() => own.close())
    assert.deepEqual(told(await own.executeAction({ action })), balance)

    const sent = await toolset.actions.executeRequest({
      connectedAccountId: first,
      endpoint: '/v1/refunds',
      method: 'POST',
      parameters: [
        { in: 'query', name: 'limit', value: 3 },
        { in: 'header', name: 'x-one', value: 'two' },
      ],
      body: { amount: 5 },
    })
    assert.deepEqual([sent.successful, sent.successfull, sent.error], [true, true, null])
    const [seen] = (await double.requests()).filter(({ path }) => path === '/v1/refunds')
    assert.deepEqual([seen.query, seen.headers['x-one'], JSON.parse(seen.body)], [{ limit: '3' }, 'two', { amount: 5 }])
    const failed = await toolset.actions.executeRequest({
      connectedAccountId: first,
      endpoint: '/v1/customers',
      method: 'POST',
    })
    assert.deepEqual([failed.successful, failed.error], [false, 'the app answered 402'])
    assert.equal(failed.data.error.message, 'Your card was declined.')
    const misplaced = {
      connectedAccountId: first,
      endpoint: '/',
      method: 'GET',
      parameters: [{ in: 'path', name: 'a' }],
    }
    assert.ok((await thrown(toolset.actions.executeRequest(misplaced))) instanceof InvalidArgumentError)
  })
}
