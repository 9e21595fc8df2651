// `keylatch/composio` on each backend, by the names of Composio's current SDK; and how its credentials are handled.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'

import { AuthScheme, Composio } from '../../bindings-node/dist/composio/index.mjs'
import {
  AlreadyExistsError,
  CredentialsRejectedError,
  InvalidArgumentError,
  MissingFieldsError,
  NotFoundError,
  UnsupportedSchemeError,
} from '../../bindings-node/dist/index.mjs'
import { BACKENDS, KEY, setUp } from './backends.mjs'
import { started } from './double.mjs'
import { thrown } from './vault.mjs'

const skip = started ? false : 'needs tests/servers/run.py'

for (const backend of BACKENDS) {
  const on = (name, work) =>
    test(`${name}: ${backend}`, { skip }, async (t) => work(await setUp(t, backend, name.replaceAll(' ', '-'))))

  on('fields', async ({ composio: { toolkits } }) => {
    const fields = await toolkits.getConnectedAccountInitiationFields('STRIPE', 'API_KEY', { requiredOnly: true })
    assert.deepEqual(
      fields.map(({ name, isSecret, required }) => [name, isSecret, required]),
      [['api_key', true, true]],
    )
    assert.ok(fields[0].displayName && fields[0].description)
    assert.deepEqual(await toolkits.getConnectedAccountInitiationFields('stripe', null), fields)
    assert.deepEqual(await toolkits.getAuthConfigCreationFields('stripe', 'API_KEY'), [])
    const other = await thrown(toolkits.getConnectedAccountInitiationFields('stripe', 'BASIC'))
    assert.ok(other instanceof UnsupportedSchemeError)
    assert.match(other.message, /API_KEY/)
  })

  on('auth configs', async ({ composio: { authConfigs }, double }) => {
    const made = await authConfigs.create('STRIPE', {
      type: 'use_custom_auth',
      authScheme: 'API_KEY',
      name: 'ours',
      credentials: { base_url: double.addresses.provider },
    })
    const { id } = made
    assert.deepEqual(made, { id, toolkit: 'stripe', authScheme: 'API_KEY', isComposioManaged: false })
    const one = await authConfigs.get(id)
    assert.deepEqual([one.id, one.name, one.toolkit.slug, one.status], [id, 'ours', 'stripe', 'ENABLED'])
    assert.deepEqual(
      one.expectedInputFields.map(({ name }) => name),
      ['api_key'],
    )
    const page = await authConfigs.list({ toolkit: 'stripe' })
    assert.deepEqual([page.items.length, page.nextCursor], [2, null])
    assert.deepEqual(await authConfigs.delete(id), { success: true })
    assert.ok((await thrown(authConfigs.get(id))) instanceof NotFoundError)
    for (const options of [
      undefined,
      { type: 'use_composio_managed_auth' },
      { type: 'use_custom_auth', scopes: 'a' },
    ]) {
      assert.ok((await thrown(authConfigs.create('stripe', options))) instanceof InvalidArgumentError)
    }
  })

  on('current names', async ({ composio, double, integrationId }) => {
    const { connectedAccounts, tools } = composio
    const api_key = Buffer.from(KEY)
    const initiating = connectedAccounts.initiate('user-1', integrationId, {
      config: AuthScheme.APIKey({ api_key }),
      alias: 'work',
      callbackUrl: 'https://app.example/done',
    })
    assert.ok(api_key.every((byte) => byte === 0))
    const request = await initiating
    assert.deepEqual([request.status, request.redirectUrl, request.verdict], ['ACTIVE', null, 'accepted'])
    const account = await connectedAccounts.get(request.id)
    assert.deepEqual([account.userId, account.toolkit.slug, account.alias], ['user-1', 'stripe', 'work'])
    assert.deepEqual([account.authConfig.id, account.authConfig.authScheme], [integrationId, 'API_KEY'])
    assert.deepEqual([account.status, account.isDisabled, account.data, account.params], ['ACTIVE', false, {}, {}])
    assert.deepEqual(await request.waitForConnection(), account)
    assert.deepEqual(await connectedAccounts.waitForConnection(request.id, 5_000), account)

    const config = { authScheme: 'API_KEY', val: { status: 'ACTIVE', api_key: KEY } }
    const again = await thrown(connectedAccounts.initiate('user-1', integrationId, { config }))
    assert.ok(again instanceof AlreadyExistsError)
    assert.equal(again.connectedAccountId, request.id)
    const second = await connectedAccounts.initiate('user-1', integrationId, { config, allowMultiple: true })
    const third = await connectedAccounts.initiate('user-2', integrationId, { config })
    const listed = async (query) => (await connectedAccounts.list(query)).items.map(({ id }) => id)
    assert.deepEqual(await listed({ userIds: ['user-2', 'user-3'], toolkitSlugs: ['STRIPE'] }), [third.id])
    assert.deepEqual(
      (await listed({ userIds: ['user-1'], authConfigIds: [integrationId] })).sort(),
      [request.id, second.id].sort(),
    )
    const one = await connectedAccounts.list({ limit: 1 })
    assert.equal(one.items.length, 1)
    // A page without any that fits is passed over, down to the last.
    assert.deepEqual(await listed({ limit: 1, userIds: ['user-1', 'user-4'] }), [second.id])
    assert.deepEqual(await listed({ limit: 1, userIds: ['user-4', 'user-5'] }), [])
    assert.deepEqual(await connectedAccounts.disable(second.id), { success: true })
    assert.deepEqual(await listed({ userIds: ['user-1'] }), [request.id])
    assert.deepEqual(await listed({ statuses: ['INACTIVE'] }), [second.id])
    assert.ok((await thrown(connectedAccounts.waitForConnection(second.id))) instanceof InvalidArgumentError)
    assert.deepEqual(await connectedAccounts.enable(second.id), { success: true })

    const skipped = { version: 'latest', dangerouslySkipVersionCheck: true }
    const done = await tools.execute('STRIPE_RETRIEVE_BALANCE', { userId: 'user-1', arguments: {}, ...skipped })
    assert.deepEqual([done.data, done.error, done.successful], [{ object: 'balance' }, null, true])
    const failed = await tools.execute('STRIPE_CREATE_CUSTOMER', { connectedAccountId: third.id })
    assert.deepEqual([failed.data, failed.successful], [{}, false])
    const answer = await tools.proxyExecute({
      connectedAccountId: third.id,
      endpoint: '/v1/refunds',
      method: 'POST',
      parameters: [{ in: 'query', name: 'limit', value: 3 }],
      body: { amount: 5 },
    })
    assert.deepEqual([answer.status, answer.data.query], [200, { limit: '3' }])
    assert.ok(answer.headers['content-type'].includes('json'))
    const declined = await tools.proxyExecute({
      connectedAccountId: third.id,
      endpoint: '/v1/customers',
      method: 'POST',
    })
    assert.equal(declined.status, 402)
    assert.equal((await double.requests()).filter(({ path }) => path === '/v1/refunds').length, 1)
    assert.deepEqual(await connectedAccounts.delete(third.id), { success: true })
    assert.ok((await thrown(connectedAccounts.get(third.id))) instanceof NotFoundError)
  })

  on('refusals', async ({ composio, integrationId }) => {
    const { connectedAccounts, tools } = composio
    const config = AuthScheme.APIKey({ api_key: KEY })
    const wrong = [
      () => connectedAccounts.initiate('', integrationId, { config }),
      () => connectedAccounts.initiate(undefined, integrationId, { config }),
      () => connectedAccounts.initiate('u', integrationId, { config: KEY }),
      () => connectedAccounts.initiate('u', integrationId, { config: { authScheme: 'API_KEY', api_key: KEY } }),
      () => connectedAccounts.initiate('u', integrationId, { config: { authScheme: 'API_KEY', val: KEY } }),
      () =>
        connectedAccounts.initiate('u', integrationId, { config: { authScheme: 'API_KEY', val: {}, subdomain: 'x' } }),
      () => connectedAccounts.initiate('u', integrationId, { config: { val: { status: 'INITIATED', api_key: KEY } } }),
      () => connectedAccounts.initiate('u', integrationId, { config, whatever: 1 }),
      () => tools.execute('STRIPE_RETRIEVE_BALANCE', {}),
      () => tools.execute('STRIPE_RETRIEVE_BALANCE', { userId: 'u', text: 'my balance' }),
      () => tools.proxyExecute({ endpoint: '/', method: 'GET' }),
    ]
    for (const call of wrong) {
      const error = await thrown(call())
      assert.ok(error instanceof InvalidArgumentError, `${call}: ${error}`)
      assert.ok(!inspect(error).includes(KEY))
    }
    const flat = await thrown(
      connectedAccounts.initiate('u', integrationId, { config: { authScheme: 'API_KEY', api_key: KEY } }),
    )
    assert.match(flat.message, /config\.val.*api_key/)
    const scheme = await thrown(connectedAccounts.initiate('u', integrationId, { config: AuthScheme.Basic({}) }))
    assert.ok(scheme instanceof UnsupportedSchemeError)
    const key = AuthScheme.APIKey({ api_key: 'sk_test_wrong_0001' })
    assert.ok(
      (await thrown(connectedAccounts.initiate('u', integrationId, { config: key }))) instanceof
        CredentialsRejectedError,
    )
    assert.deepEqual((await connectedAccounts.list()).items, [])
  })
}

test('a developer’s fields, which only Composio’s apps have', { skip }, async (t) => {
  const { composio } = await setUp(t, 'composio', 'developer')
  const { authConfigs, toolkits } = composio
  const names = async (options) =>
    (await toolkits.getAuthConfigCreationFields('developer_fields', null, options)).map(({ name }) => name)
  assert.deepEqual(await names(), ['partner_key', 'region'])
  assert.deepEqual(await names({ requiredOnly: true }), ['partner_key'])
  const needed = await thrown(
    authConfigs.create('developer_fields', { type: 'use_custom_auth', authScheme: 'API_KEY' }),
  )
  assert.ok(needed instanceof MissingFieldsError)
  assert.deepEqual(needed.fields, ['partner_key'])
  const credentials = { partner_key: Buffer.from('partner_0001') }
  const type = 'use_custom_auth'
  await authConfigs.create('developer_fields', { type, authScheme: 'API_KEY', credentials })
  assert.ok(credentials.partner_key.every((byte) => byte === 0))
})

test('AuthScheme carries credentials and does not show them', () => {
  const canary = 'sk_test_canary_7f3a'
  const schemes = {
    API_KEY: AuthScheme.APIKey,
    BASIC: AuthScheme.Basic,
    BEARER_TOKEN: AuthScheme.BearerToken,
    BASIC_WITH_JWT: AuthScheme.BasicWithJWT,
    GOOGLE_SERVICE_ACCOUNT: AuthScheme.GoogleServiceAccount,
    BILLCOM_AUTH: AuthScheme.BillcomAuth,
    CALCOM_AUTH: AuthScheme.CalcomAuth,
    NO_AUTH: AuthScheme.NoAuth,
  }
  assert.deepEqual(Object.keys(AuthScheme).length, Object.keys(schemes).length)
  for (const [authScheme, make] of Object.entries(schemes)) {
    const config = make({ secret: canary, bytes: Buffer.from(canary) })
    assert.equal(config.authScheme, authScheme)
    assert.deepEqual([config.val.status, config.val.secret, config.val.bytes.toString()], ['ACTIVE', canary, canary])
    const shown = [
      inspect(config),
      inspect([config], { depth: 9, showHidden: true, customInspect: false }),
      inspect(config.val),
      JSON.stringify({ config, val: config.val }),
      String(config),
      JSON.stringify({ ...config }),
    ]
    for (const text of shown) {
      assert.ok(!text.includes(canary), text)
      assert.ok(!text.includes(String(Buffer.from(canary)[4])) || !/Buffer|bytes/.test(text), text)
    }
  }
  assert.deepEqual(JSON.parse(JSON.stringify(AuthScheme.NoAuth())), { authScheme: 'NO_AUTH', val: '[redacted]' })
})
