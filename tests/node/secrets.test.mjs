// Secrets: buffers are zeros after every call, and nothing prints what a `Secret` holds.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'

import {
  InvalidArgumentError,
  InvalidFieldError,
  Keylatch,
  MissingFieldsError,
  Secret,
  secretBuffer,
} from '../../bindings-node/dist/index.mjs'
import { client, thrown } from './vault.mjs'

const CANARY = 'sk_test_canary_7f3a'
const canary = () => Buffer.from(CANARY)
const isZero = (bytes) => bytes.every((byte) => byte === 0)

test('take copies and fills with zeros, in place and no further', () => {
  const whole = secretBuffer(32).fill(1)
  const part = whole.subarray(8, 16)
  const secret = Secret.take(part)
  assert.equal(secret.length, 8)
  assert.deepEqual([...whole], [...Array(8).fill(1), ...Array(8).fill(0), ...Array(16).fill(1)])
  assert.deepEqual([...secret.expose()], Array(8).fill(1))
})

test('secretBuffer has memory of its own', () => {
  const made = secretBuffer(12)
  assert.equal(made.buffer.byteLength, 12)
  assert.ok(isZero(made))
  assert.notEqual(secretBuffer(12).buffer, made.buffer)
  for (const size of [-1, 2 ** 60]) assert.throws(() => secretBuffer(size), RangeError)
})

test('nothing prints a secret', () => {
  const secret = Secret.from(CANARY)
  const shown = [
    String(secret),
    `${secret}`,
    secret + '',
    JSON.stringify({ secret }),
    inspect({ secret }, { depth: 9, showHidden: true }),
    inspect(secret),
    JSON.stringify({ ...secret }),
    JSON.stringify(Object.getOwnPropertyNames(secret)),
    JSON.stringify(structuredClone(secret)),
    inspect(new Map([[secret, secret]])),
    Object.prototype.toString.call(secret),
    String(secret.valueOf()),
  ]
  for (const text of shown) assert.ok(!text.includes('canary'), text)
  assert.equal(`${secret}`, '[redacted]')
  assert.equal(inspect(secret), '[redacted]')
  assert.equal(JSON.stringify([secret]), '["[redacted]"]')
})

test('equality, exposure and disposal', () => {
  const one = Secret.from(CANARY)
  const same = Secret.take(canary())
  const other = Secret.from('sk_test_canary_0000')
  assert.ok(one.equals(same))
  assert.ok(!one.equals(other))
  const copy = one.expose()
  assert.equal(copy.toString(), CANARY)
  copy.fill(0)
  assert.equal(one.expose().toString(), CANARY)
  one.dispose()
  one.dispose()
  assert.equal(one.length, 0)
  for (const use of [() => one.expose(), () => one.equals(same), () => same.equals(one)]) {
    assert.throws(use, InvalidArgumentError)
  }
  if (Symbol.dispose) {
    same[Symbol.dispose]()
    assert.equal(same.length, 0)
  }
})

test('take refuses what it could not wipe safely, and leaves it alone', () => {
  const shared = new Uint8Array(new SharedArrayBuffer(4)).fill(5)
  const resizable = new Uint8Array(new ArrayBuffer(4, { maxByteLength: 8 })).fill(5)
  for (const value of [shared, resizable, 'text', [1], new Uint16Array(2), new ArrayBuffer(2), null, undefined, 7]) {
    assert.throws(() => Secret.take(value), InvalidArgumentError)
  }
  assert.deepEqual([...shared], [5, 5, 5, 5])
  assert.deepEqual([...resizable], [5, 5, 5, 5])
  assert.throws(() => Secret.from(7), InvalidArgumentError)
  assert.throws(() => new Secret(), TypeError)
})

test('buffers in params are zeros before the call returns its Promise, however it ends', async (t) => {
  const keylatch = await client(t)
  const user = keylatch.getEntity('user-1')
  const calls = [
    (api_key) => user.initiateConnection({ appName: 'stripe', verify: 'off', connectionParams: { api_key } }),
    (api_key) => user.initiateConnection({ appName: 'no_such_app', connectionParams: { api_key } }),
    (api_key) => user.initiateConnection({ appName: 'stripe', connectionParams: { api_kee: api_key } }),
    (api_key) => user.initiateConnection({ appName: 'stripe', typo: 1, connectionParams: { api_key } }),
    (api_key) => user.initiateConnection({ appName: 'stripe', metadata: 1n, connectionParams: { api_key } }),
    (api_key) =>
      user.initiateConnection({ appName: 'stripe', signal: AbortSignal.abort(), connectionParams: { api_key } }),
    (api_key) => keylatch.integrations.create({ app: 'stripe', fixedValues: { api_key } }),
    (api_key) =>
      keylatch.connectedAccounts.updateCredentials({ connectedAccountId: 'ca_none', connectionParams: { api_key } }),
  ]
  for (const call of calls) {
    const buffer = canary()
    const promise = call(buffer)
    assert.ok(isZero(buffer), call.toString())
    await promise.catch((error) => assert.ok(!inspect(error).includes('canary')))
  }
  const pooled = Buffer.from(CANARY)
  const neighbour = Buffer.from(CANARY)
  await thrown(user.initiateConnection({ appName: 'stripe', connectionParams: { nothing: pooled } }))
  assert.equal(neighbour.toString(), CANARY)
})

test('the key and the passphrase of a vault are taken too', async (t) => {
  const key = Buffer.alloc(32, 9)
  const opening = client(t, { key })
  assert.ok(isZero(key))
  await opening
  const passphrase = Buffer.from('correct horse battery staple')
  const other = client(t, { key: undefined, passphrase })
  assert.ok(isZero(passphrase))
  await other
})

test('a secret can be used again', async (t) => {
  const keylatch = await client(t)
  const secret = Secret.take(canary())
  for (const id of ['user-1', 'user-2']) {
    const made = await keylatch
      .getEntity(id)
      .initiateConnection({ appName: 'stripe', verify: 'off', connectionParams: { api_key: secret } })
    assert.equal(made.connectionStatus, 'ACTIVE')
  }
  assert.equal(secret.length, CANARY.length)
})

test('values of other types are reported with all other problems', async (t) => {
  const keylatch = await client(t)
  await keylatch.apps.register(APP)
  const shared = new Uint8Array(new SharedArrayBuffer(4)).fill(5)
  const connectionParams = {
    a: ['x'],
    b: { x: 1 },
    c: null,
    d: Number.NaN,
    e: new Date(0),
    f: shared,
    g: () => 1,
    h: 5,
  }
  const error = await thrown(keylatch.initiateConnection({ entityId: 'u', appName: 'kinds', connectionParams }))
  assert.ok(error instanceof InvalidFieldError)
  const told = Object.fromEntries(error.problems.map(({ field, message }) => [field, message]))
  assert.match(told.a, /not an array/)
  assert.match(told.b, /not an object/)
  assert.match(told.c, /not nothing/)
  assert.match(told.d, /not a number that is not finite/)
  assert.match(told.e, /not a Date/)
  assert.match(told.f, /not a buffer on shared memory/)
  assert.match(told.g, /not a function/)
  assert.match(told.h, /not a number or a boolean/)
  assert.deepEqual([...shared], [5, 5, 5, 5])
  const without = { a: undefined }
  const missing = await thrown(
    keylatch.initiateConnection({ entityId: 'u', appName: 'kinds', connectionParams: without }),
  )
  assert.ok(missing instanceof MissingFieldsError)
  for (const wrong of ['text', ['x'], 7, null, Secret.from('x'), Buffer.from('x')]) {
    const refused = await thrown(
      keylatch.initiateConnection({ entityId: 'u', appName: 'kinds', connectionParams: wrong }),
    )
    assert.ok(refused instanceof InvalidArgumentError)
    assert.deepEqual(refused.fields, ['connectionParams'])
  }
})

test('strictSecrets refuses strings for secret fields and takes buffers', async (t) => {
  const keylatch = await client(t, { strictSecrets: true })
  const initiate = (api_key) =>
    keylatch.initiateConnection({ entityId: 'u', appName: 'stripe', verify: 'off', connectionParams: { api_key } })
  const error = await thrown(initiate(CANARY))
  assert.ok(error instanceof InvalidFieldError)
  assert.ok(!inspect(error).includes('canary'))
  assert.equal((await initiate(canary())).connectionStatus, 'ACTIVE')
})

test('a client shows nothing of its inside', async (t) => {
  const keylatch = await client(t)
  const made = await keylatch.initiateConnection({
    entityId: 'u',
    appName: 'stripe',
    verify: 'off',
    connectionParams: { api_key: CANARY },
  })
  for (const value of [keylatch, made, keylatch.getEntity('u'), await keylatch.connectedAccounts.list()]) {
    assert.ok(!inspect(value, { depth: 20, showHidden: true }).includes('canary'))
    assert.ok(!JSON.stringify(value).includes('canary'))
  }
  assert.throws(() => new Keylatch(), TypeError)
})

const NAMES = [...'abcdefgh']
const APP = {
  slug: 'kinds',
  name: 'Kinds',
  category: 'test',
  schemes: [
    {
      auth_scheme: 'API_KEY',
      fields: NAMES.map((name) => ({
        name,
        display_name: name.toUpperCase(),
        description: 'For tests.',
        no_help_url: 'For tests.',
        secret: true,
      })),
      base_url: 'https://api.acme.example',
      inject: NAMES.map((name) => ({ in: 'header', name: `x-${name}`, value: `{${name}}` })),
      no_checks: 'For tests.',
    },
  ],
}
