// The flow as programs write it: discover, initiate, active at once, use; with the names that they expect.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { ConnectionRequest, Field, InvalidArgumentError, Response } from '../../bindings-node/dist/index.mjs'
import { Double, started } from './double.mjs'
import { client, thrown } from './vault.mjs'

const skip = started ? false : 'needs tests/servers/run.py'
const KEY = 'sk_test_good_0001'

async function setUp(t, space) {
  const double = new Double(space)
  const bearer = { require: { header: { authorization: `Bearer ${KEY}` } }, else: { status: 401, json: {} } }
  await double.script({
    'GET /v1/account': [{ ...bearer, json: { id: 'acct_1' } }],
    '* *': [{ ...bearer, echo: true }],
  })
  const keylatch = await client(t)
  const integration = await keylatch.integrations.create({ app: 'stripe', baseUrl: double.addresses.provider })
  return { double, keylatch, integrationId: integration.id }
}

test('discover', async (t) => {
  const keylatch = await client(t)
  const info = await keylatch.apps.getRequiredParamsForAuthScheme({ appId: 'STRIPE', authScheme: 'API_KEY' })
  assert.deepEqual(info.required_fields, ['api_key'])
  assert.deepEqual(info.optional_fields, [])
  assert.deepEqual(info.expected_from_user, ['api_key'])
  assert.equal(info.expectedInputFields, info.fields)
  const [field] = info.fields
  assert.ok(field instanceof Field)
  assert.ok(field.description.length > 10)
  assert.deepEqual([field.isSecret, field.secret, field.is_secret, field.required], [true, true, true, true])
  assert.equal(field.display_name, field.displayName)
  assert.equal(field.expected_from_customer, true)
  const same = await keylatch.apps.getRequiredParamsForAuthScheme({ appName: 'stripe' })
  assert.deepEqual(same.fields, info.fields)
  const expected = await keylatch.getExpectedParamsForUser({ app: 'stripe' })
  assert.equal(expected.expectedInputFields, expected.expectedParams)
  assert.equal(expected.integrationId, info.integrationId)
  assert.equal(expected.authScheme, 'API_KEY')
  assert.equal(expected.jsonSchema.properties.api_key.writeOnly, true)
  const byIntegration = await keylatch.getExpectedParamsForUser({ integrationId: expected.integrationId })
  assert.deepEqual(byIntegration, expected)
  const zendesk = await keylatch.apps.getRequiredParamsForAuthScheme({ appId: 'zendesk' })
  assert.ok(zendesk.expected_from_user.length > 1)
})

test('initiate, active at once, fetch, use', { skip }, async (t) => {
  const { keylatch, integrationId } = await setUp(t, 'node-flow')
  const request = await keylatch.connectedAccounts.initiate({
    integrationId,
    entityId: 'user-1',
    authMode: 'API_KEY',
    connectionParams: { api_key: Buffer.from(KEY) },
  })
  assert.ok(request instanceof ConnectionRequest)
  assert.equal(request.connectionStatus, 'ACTIVE')
  assert.equal(request.redirectUrl, null)
  assert.equal(request.verdict, 'accepted')
  assert.deepEqual(request.evidence, [{ request: 'GET /v1/account', status: 200, verdict: 'accepted' }])
  const { connectedAccountId } = request
  const account = await keylatch.connectedAccounts.get({ connectedAccountId })
  assert.equal(account.status, 'ACTIVE')
  assert.deepEqual(await keylatch.connectedAccounts.get(connectedAccountId), account)
  assert.deepEqual(await request.waitUntilActive(), account)
  assert.deepEqual(await request.waitUntilActive(5), account)

  const entity = await keylatch.getEntity('user-1')
  assert.equal(entity.id, 'user-1')
  assert.deepEqual(await entity.getConnection({ app: 'STRIPE' }), account)
  assert.deepEqual(await entity.getConnection({ appName: 'stripe' }), account)
  const same = await entity.initiateConnection({
    appName: 'stripe',
    entityId: 'user-1',
    replace: true,
    connectionParams: { api_key: KEY },
  })
  assert.deepEqual([same.connectedAccountId, same.replaced], [connectedAccountId, true])
  assert.equal((await entity.connections()).items.length, 1)
  assert.equal((await keylatch.getEntity('user-2').connections()).items.length, 0)

  const answer = await entity.request({
    app: 'stripe',
    method: 'GET',
    path: '/v1/balance',
    query: { limit: 3, no: undefined },
  })
  assert.ok(answer instanceof Response)
  assert.deepEqual([answer.status, answer.ok, answer.json().query], [200, true, { limit: '3' }])
  assert.ok(!answer.text().includes(KEY))
})

test('requests of every shape', { skip }, async (t) => {
  const { double, keylatch, integrationId } = await setUp(t, 'node-requests')
  const { connectedAccountId } = await keylatch.initiateConnection({
    entityId: 'user-1',
    integrationId,
    connectionParams: { api_key: KEY },
  })
  const send = (options) => keylatch.request({ connectedAccountId, method: 'POST', path: '/v1/x', ...options })
  const shared = new Uint8Array(new SharedArrayBuffer(2)).fill(104)
  await send({ json: { name: 'Ädä ☕' } })
  await send({ json: null, headers: { 'Content-Type': 'application/vnd.acme+json' } })
  await send({ body: 'name=Ada', headers: new Headers({ 'content-type': 'application/x-www-form-urlencoded' }) })
  await send({ body: Buffer.from([104, 105]), query: new URLSearchParams('a=1&a=2') })
  await send({ body: shared, headers: [['x-one', 'two']], query: new Map([['b', true]]) })
  await send({})
  const [json, vendor, form, bytes, other, empty] = (await double.requests()).filter(({ path }) => path === '/v1/x')
  assert.equal(json.body, '{"name":"Ädä ☕"}')
  assert.equal(json.headers['content-type'], 'application/json')
  assert.deepEqual([vendor.body, vendor.headers['content-type']], ['null', 'application/vnd.acme+json'])
  assert.deepEqual([form.body, form.headers['content-type']], ['name=Ada', 'application/x-www-form-urlencoded'])
  assert.equal(bytes.body, 'hi')
  assert.deepEqual([other.body, other.headers['x-one'], other.query], ['hh', 'two', { b: 'true' }])
  assert.equal(empty.body, '')

  await double.script({ '* *': [{ text: 'no json', headers: { 'X-Limit': 'a' } }] })
  const answer = await send({ method: 'GET' })
  assert.deepEqual(
    [answer.headers.get('X-LIMIT'), answer.headers.has('x-none'), answer.headers.get('x-none')],
    ['a', false, undefined],
  )
  assert.ok([...answer.headers].some(([name, value]) => name === 'x-limit' && value === 'a'))
  assert.deepEqual(Object.fromEntries(answer.headers.entries()), answer.headers.toJSON())
  assert.equal((await thrown(Promise.resolve().then(() => answer.json()))).code, 'server')
  assert.ok(Buffer.isBuffer(answer.body))
})

test('the application’s own data comes back as it went in', async (t) => {
  const keylatch = await client(t)
  const metadata = { snake_case: { camelCase: [1, { in_side: null }] }, 'K-e_y': 'x', list: [] }
  const labels = ['snake_label', 'camelLabel']
  const { connectedAccountId } = await keylatch.initiateConnection({
    entityId: 'user-1',
    appName: 'stripe',
    verify: 'off',
    alias: 'my_alias',
    labels,
    metadata,
    connectionParams: { api_key: KEY },
  })
  const account = await keylatch.connectedAccounts.get(connectedAccountId)
  assert.deepEqual([account.metadata, account.labels, account.alias], [metadata, labels, 'my_alias'])
  assert.equal(account.verifiedAt, undefined)
})

test('lists, pages and the iterator', async (t) => {
  const keylatch = await client(t)
  const made = []
  for (let i = 0; i < 7; i += 1) {
    const user = keylatch.getEntity(`user-${i}`)
    const options = { appName: 'stripe', verify: 'off', connectionParams: { api_key: KEY } }
    made.unshift((await user.initiateConnection(options)).connectedAccountId)
  }
  const page = await keylatch.connectedAccounts.list({ limit: 3 })
  assert.deepEqual(
    page.items.map(({ id }) => id),
    made.slice(0, 3),
  )
  assert.equal(typeof page.nextCursor, 'string')
  const all = []
  for await (const connection of keylatch.connectedAccounts.iterate({ limit: 3 })) all.push(connection.id)
  assert.deepEqual(all, made)
  assert.equal('nextCursor' in (await keylatch.connectedAccounts.list()), false)
})

test('the life of a connection', { skip }, async (t) => {
  const { double, keylatch, integrationId } = await setUp(t, 'node-life')
  const accounts = keylatch.connectedAccounts
  const request = await keylatch.initiateConnection({
    entityId: 'u',
    integrationId,
    connectionParams: { api_key: KEY },
  })
  const id = request.connectedAccountId
  assert.equal((await accounts.disable(id)).status, 'INACTIVE')
  // Waiting does not change this, so it ends at once, whatever the time allowed.
  for (const wait of [() => request.waitUntilActive(), () => accounts.waitUntilActive(id)]) {
    const told = await thrown(wait())
    assert.ok(told instanceof InvalidArgumentError)
    assert.equal(told.connectedAccountId, id)
  }
  assert.equal((await accounts.enable({ connectedAccountId: id })).status, 'ACTIVE')
  assert.equal((await request.waitUntilActive(0)).status, 'ACTIVE')
  assert.equal((await accounts.waitUntilActive({ connectedAccountId: id, timeoutMs: 0 })).id, id)
  assert.equal((await request.waitUntilActive(Number.POSITIVE_INFINITY)).id, id)
  assert.equal((await accounts.setAlias({ connectedAccountId: id, alias: 'work' })).alias, 'work')
  assert.equal((await accounts.setAlias({ connectedAccountId: id, alias: null })).alias, undefined)
  await double.script({ '* *': [{ status: 401, json: {} }] })
  const verification = await accounts.verify(id)
  assert.deepEqual([verification.status, verification.verdict], ['EXPIRED', 'rejected'])
  await double.script({ '* *': [{ fault: 'reset' }] })
  const updated = await accounts.updateCredentials({ connectedAccountId: id, connectionParams: { api_key: KEY } })
  assert.deepEqual([updated.replaced, updated.verdict], [true, 'unreachable'])
  assert.equal('status' in updated.evidence[0], false)
  const busy = await thrown(keylatch.integrations.delete(integrationId))
  assert.equal(busy.code, 'invalid_argument')
  assert.equal(await accounts.delete(id), undefined)
  assert.equal(await keylatch.integrations.delete({ integrationId }), undefined)
  assert.equal((await thrown(accounts.get(id))).code, 'not_found')
})
