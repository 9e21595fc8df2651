// Errors: one class a code, everything an error knows on it, and bad arguments told before anything happens.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import path from 'node:path'
import { test } from 'node:test'
import { inspect } from 'node:util'

import * as keylatch from '../../bindings-node/dist/index.mjs'
import { client, folder, thrown } from './vault.mjs'

const { errorClasses, InvalidArgumentError, Keylatch, KeylatchError } = keylatch
const native = createRequire(import.meta.url)('../../bindings-node/dist/keylatch.node')

test('the table has every code of the core, and a class of its name for each', () => {
  assert.deepEqual(Object.keys(errorClasses), native.errorCodes())
  for (const [code, errorClass] of Object.entries(errorClasses)) {
    const camel = code.replace(/(^|_)([a-z])/g, (_all, _start, letter) => letter.toUpperCase())
    assert.equal(errorClass.name, `${camel}Error`)
    assert.equal(keylatch[errorClass.name], errorClass)
    const error = new errorClass({ code, message: 'why' })
    assert.ok(error instanceof KeylatchError && error instanceof Error)
    assert.equal(error.name, errorClass.name)
    assert.match(error.stack, new RegExp(`^${errorClass.name}: why`))
    assert.deepEqual({ ...error }, { code, fields: [], problems: [], candidates: [], near: [] })
  }
  assert.equal(new Set(Object.values(errorClasses)).size, native.errorCodes().length)
})

test('an error carries what is known', async (t) => {
  const made = await client(t)
  const unknown = await thrown(made.apps.get('strippe'))
  assert.ok(unknown instanceof keylatch.UnknownAppError)
  assert.ok(unknown.near.includes('stripe'))
  const initiate = (options) =>
    made.initiateConnection({
      entityId: 'user-1',
      appName: 'stripe',
      verify: 'off',
      connectionParams: { api_key: 'sk_test_1' },
      ...options,
    })
  const first = await initiate({})
  const again = await thrown(initiate({}))
  assert.ok(again instanceof keylatch.AlreadyExistsError)
  assert.equal(again.connectedAccountId, first.connectedAccountId)
  const second = await initiate({ allowMultiple: true })
  const ambiguous = await thrown(made.getEntity('user-1').getConnection({ app: 'stripe' }))
  assert.ok(ambiguous instanceof keylatch.AmbiguousError)
  assert.deepEqual([...ambiguous.candidates].sort(), [first.connectedAccountId, second.connectedAccountId].sort())
  const missing = await thrown(initiate({ entityId: 'user-2', connectionParams: {} }))
  assert.ok(missing instanceof keylatch.MissingFieldsError)
  assert.deepEqual(missing.fields, ['api_key'])
  assert.equal(missing.problems[0].code, 'missing_fields')
})

test('arguments that cannot be right', async (t) => {
  const made = await client(t)
  const cycle = {}
  cycle.self = cycle
  const wrong = [
    () => made.apps.get(7),
    () => made.apps.get(),
    () => made.apps.register('text'),
    () => made.connectedAccounts.get({ id: 'x' }),
    () => made.connectedAccounts.list({ limit: 0 }),
    () => made.connectedAccounts.list({ limit: 1.5 }),
    () => made.connectedAccounts.list({ metadata: 1 }),
    () => made.connectedAccounts.list('all'),
    () => made.initiateConnection(),
    () => made.initiateConnection([]),
    () => made.initiateConnection({ entityId: 7, appName: 'stripe' }),
    () => made.initiateConnection({ entityId: 'u', appName: 'stripe', verify: 'perhaps' }),
    () => made.initiateConnection({ entityId: 'u', appName: 'stripe', metadata: cycle }),
    () => made.initiateConnection({ entityId: 'u', appName: 'stripe', signal: 'now' }),
    () => made.getConnection({ entityId: 'u' }),
    () => made.executeAction(),
    () => made.executeAction({ entityId: 'u' }),
    () => made.executeAction({ action: 'STRIPE_RETRIEVE_BALANCE', entityId: 'u', params: cycle }),
    () => made.connectedAccounts.waitUntilActive({ connectedAccountId: 'ca_none', timeoutMs: -1 }),
    () => made.connectedAccounts.setAlias('ca_none'),
    () => made.connectedAccounts.delete({ connectedAccountId: 'ca_none', revoke: 'yes' }),
    () => made.request({ method: 'GET', path: '/', entityId: 'u', app: 'stripe', body: 7 }),
    () => made.request({ method: 'GET', path: '/', entityId: 'u', app: 'stripe', json: cycle }),
    () => made.request({ method: 'GET', path: '/', entityId: 'u', app: 'stripe', json: {}, body: '' }),
    () => made.request({ method: 'GET', path: '/', entityId: 'u', app: 'stripe', query: 'a=1' }),
    () => made.request({ method: 'GET', path: '/', entityId: 'u', app: 'stripe', headers: { a: {} } }),
  ]
  for (const call of wrong) {
    const error = await thrown(call())
    assert.ok(error instanceof InvalidArgumentError, `${call}: ${error}`)
    assert.notEqual(error.message, '')
  }
  assert.throws(() => made.getEntity(7), InvalidArgumentError)
})

test('options that cannot be right', async (t) => {
  const at = path.join(folder(t), 'vault.db')
  const wrong = [
    { path: 7 },
    { path: '' },
    { path: at, pathe: 1 },
    { path: at, key: 'text' },
    { path: at, key: Buffer.alloc(31) },
    { path: at, key: Buffer.alloc(32), passphrase: 'both' },
    { path: at, keyEnv: 'X', keyFile: 'y' },
    { path: at, keyEnv: 'X', keyring: 'y' },
    { path: at, keyring: ' ' },
    { path: at, transit: 'app' },
    { path: at, transit: { address: 'https://bao.test', key: 'app' } },
    { path: at, transit: { address: 'https://bao.test', key: 'app', token: 's.token', tokenEnv: 'X' } },
    { path: at, transit: { address: 'https://bao.test', key: 7, token: 's.token' } },
    { path: at, transit: { address: 'https://bao.test', token: 's.token' } },
    { path: at, transit: { address: 'https://bao.test', key: 'app', token: 's.token', extraCa: 'x' } },
    { path: at, keyEnv: 'X', transit: { address: 'https://bao.test', key: 'app', token: 's.token' } },
    { path: at, passphrase: 7 },
    { path: at, timeoutMs: -1 },
    { path: at, timeoutMs: 0 },
    { path: at, timeoutMs: Number.NaN },
    { path: at, timeoutMs: '5' },
    { path: at, maxResponseBytes: 0 },
    { path: at, maxResponseBytes: Number.POSITIVE_INFINITY },
    { path: at, extraCa: 'no certificate' },
    { path: at, extraCa: 7 },
    { path: at, proxy: 'no address' },
    { path: at, strictSecrets: 1 },
    'vault.db',
  ]
  for (const options of wrong) {
    const error = await thrown(Keylatch.open(options))
    assert.ok(error instanceof KeylatchError, `${JSON.stringify(options)}: ${error}`)
    assert.equal(error.code, 'invalid_argument', `${JSON.stringify(options)}: ${error.message}`)
  }
  const missing = await thrown(Keylatch.open({ path: at, keyEnv: 'KEYLATCH_NO_SUCH_VARIABLE' }))
  assert.ok(missing instanceof keylatch.VaultLockedError)
})

test('options of a project that cannot be right', async () => {
  const wrong = [
    { apiKey: '' },
    { apiKey: 7 },
    { apiKey: 'ak_a b' },
    { apiKey: 'ak_1', baseUrl: 'no address' },
    { apiKey: 'ak_1', baseUrl: 'http://composio.example' },
    { apiKey: 'ak_1', baseUrl: 7 },
    { apiKey: 'ak_1', apiVersion: 'v2' },
    { apiKey: 'ak_1', path: 'vault.db' },
    { apiKey: 'ak_1', key: Buffer.alloc(32) },
    { apiKey: 'ak_1', timeoutMs: 0 },
    'ak_1',
  ]
  for (const options of wrong) {
    const error = await thrown(Keylatch.composio(options))
    assert.ok(error instanceof InvalidArgumentError, `${JSON.stringify(options)}: ${error}`)
  }
})

test('a project’s key is taken, and shows nowhere', async () => {
  const apiKey = Buffer.from('ak_canary')
  const opening = Keylatch.composio({ apiKey, baseUrl: 'https://composio.example' })
  assert.ok(apiKey.every((byte) => byte === 0))
  const made = await opening
  assert.ok(!inspect(made, { depth: 20, showHidden: true }).includes('canary'))
  await made.close()
  assert.ok((await thrown(made.apps.list())) instanceof keylatch.ClosedError)
})

test('what Composio’s API said is on the error', () => {
  const upstream = { status: 400, code: 612, slug: 'X', message: 'm', suggestedFix: 'f', requestId: 'r' }
  const error = new keylatch.ServerError({ code: 'server', message: 'why', upstream })
  assert.deepEqual(error.upstream, upstream)
})

test('a wrong key, and a closed client', async (t) => {
  const at = path.join(folder(t), 'vault.db')
  const made = await client(t, { path: at, key: Buffer.alloc(32, 1) })
  const error = await thrown(Keylatch.open({ path: at, key: Buffer.alloc(32, 2) }))
  assert.ok(error instanceof keylatch.WrongKeyError)
  await made.close()
  await made.close()
  assert.ok((await thrown(made.apps.list())) instanceof keylatch.ClosedError)
  assert.ok((await thrown(made.connectedAccounts.list())) instanceof keylatch.ClosedError)
  if (Symbol.asyncDispose) await made[Symbol.asyncDispose]()
  if (Symbol.dispose) assert.equal(made[Symbol.dispose](), undefined)
})
