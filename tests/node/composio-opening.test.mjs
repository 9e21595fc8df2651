// Which backend the classes of `keylatch/composio` choose, when they open it, and what they keep of the keys to it.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { inspect } from 'node:util'

import { Composio, ComposioToolSet, OpenAIToolSet } from '../../bindings-node/dist/composio/index.mjs'
import { ClosedError, InvalidArgumentError, Keylatch, Secret, WrongKeyError } from '../../bindings-node/dist/index.mjs'
import { client, folder, thrown } from './vault.mjs'

const NOWHERE = 'http://127.0.0.1:9'

/** Runs `work` with this `COMPOSIO_API_KEY`. */
async function withKey(key, work) {
  const former = process.env.COMPOSIO_API_KEY
  if (key === undefined) delete process.env.COMPOSIO_API_KEY
  else process.env.COMPOSIO_API_KEY = key
  try {
    return await work()
  } finally {
    if (former === undefined) delete process.env.COMPOSIO_API_KEY
    else process.env.COMPOSIO_API_KEY = former
  }
}

/** Whether the calls of this toolset go to a vault: a vault knows apps, a server that is not there does not answer. */
const isVault = (toolset) =>
  toolset.apps.get({ appKey: 'stripe' }).then(
    () => true,
    () => false,
  )

test('a vault is opened at the first call, and not before', async (t) => {
  const at = path.join(folder(t), 'vault.db')
  const key = Buffer.alloc(32, 7)
  const toolset = new OpenAIToolSet({ vault: { path: at, key } })
  assert.ok(key.every((byte) => byte === 0))
  assert.equal(existsSync(at), false)
  assert.ok(toolset instanceof ComposioToolSet)
  await Promise.all([toolset.apps.list(), toolset.connectedAccounts.list(), toolset.getEntity('u').getConnections()])
  assert.equal(existsSync(at), true)
  await toolset.close()
  await toolset.close()
  assert.ok((await thrown(toolset.apps.list())) instanceof ClosedError)
  const never = new Composio({ vault: { path: at } })
  await never.close()
  assert.ok((await thrown(never.authConfigs.list())) instanceof ClosedError)
})

test('which backend', async (t) => {
  const vault = () => ({ path: path.join(folder(t), 'vault.db'), key: Buffer.alloc(32, 7) })
  const own = await client(t)
  const project = { apiKey: 'ak_1', baseUrl: NOWHERE }
  const cases = [
    [undefined, { vault: vault() }, true],
    ['ak_1', { vault: vault() }, true],
    ['ak_1', { baseUrl: NOWHERE }, false],
    [undefined, project, false],
    [undefined, { ...project, client: own }, true],
    ['ak_1', { client: Promise.resolve(own) }, true],
    [undefined, { client: await Keylatch.composio(project) }, false],
  ]
  for (const [key, options, expected] of cases) {
    await withKey(key, async () => {
      const toolset = new OpenAIToolSet({ ...options })
      assert.equal(await isVault(toolset), expected, inspect(options))
      await toolset.close()
    })
  }
  // Closing a toolset leaves a client that was given to it open.
  assert.ok((await own.apps.list()).length > 0)
})

test('options that cannot be', async () => {
  const vault = { path: 'vault.db' }
  const wrong = [
    () => new OpenAIToolSet({ apiKey: 'ak_1', vault }),
    () => new OpenAIToolSet({ baseUrl: NOWHERE, vault }),
    () => new OpenAIToolSet({ apiVersion: 'v1', vault }),
    () => new OpenAIToolSet({ apiKey: 7 }),
    () => new OpenAIToolSet({ vault: { pathe: 'vault.db' } }),
    () => new OpenAIToolSet({ vault: 'vault.db' }),
    () => new OpenAIToolSet({ framework: 'openai' }),
    () => new OpenAIToolSet('ak_1'),
    () => new Composio({ provider: {} }),
    () => new Composio('ak_1'),
  ]
  for (const make of wrong) assert.throws(make, InvalidArgumentError, String(make))
  await withKey(undefined, async () => {
    const keyless = new Composio({ baseURL: NOWHERE })
    assert.ok((await thrown(keyless.connectedAccounts.list())) instanceof InvalidArgumentError)
  })
  const odd = new OpenAIToolSet({ client: { apps: {} } })
  assert.ok((await thrown(odd.apps.list())) instanceof InvalidArgumentError)
})

test('a failed opening is told by each call, and tried again', async (t) => {
  const at = path.join(folder(t), 'vault.db')
  await client(t, { path: at, key: Buffer.alloc(32, 1) })
  const toolset = new OpenAIToolSet({ vault: { path: at, key: Buffer.alloc(32, 2) } })
  for (let round = 0; round < 2; round += 1) {
    const error = await thrown(toolset.connectedAccounts.list())
    assert.ok(error instanceof WrongKeyError)
  }
  await toolset.close()
  const reason = new Error('no client')
  const given = new OpenAIToolSet({ client: Promise.reject(reason) })
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(await thrown(given.apps.list()), reason)
})

test('a secret may be disposed of once the object is made, and nothing shows it', async (t) => {
  const at = path.join(folder(t), 'vault.db')
  await (await Keylatch.open({ path: at, key: Buffer.alloc(32, 3) })).close()
  const key = Secret.take(Buffer.alloc(32, 3))
  const toolset = new OpenAIToolSet({ vault: { path: at, key } })
  key.dispose()
  assert.equal((await toolset.connectedAccounts.list()).items.length, 0)
  await toolset.close()
  const apiKey = Buffer.from('ak_canary_7f3a')
  const composio = new Composio({ apiKey, baseURL: NOWHERE })
  assert.ok(apiKey.every((byte) => byte === 0))
  const other = new OpenAIToolSet({ apiKey: Secret.from('ak_canary_7f3a'), baseUrl: NOWHERE })
  const error = await thrown(composio.connectedAccounts.list())
  for (const shown of [composio, other, error, toolset.getEntity('u')]) {
    assert.ok(!inspect(shown, { depth: 20, showHidden: true }).includes('canary'))
    assert.ok(!JSON.stringify(shown).includes('canary'))
  }
})
