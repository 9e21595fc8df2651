// Programs for Composio's SDKs, compiled with the types of `keylatch/composio`; the page's own is run on each backend.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { copyFileSync } from 'node:fs'
import { once } from 'node:events'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'

import { Keylatch } from '../../bindings-node/dist/index.mjs'
import { Double, Project, started } from './double.mjs'
import { compile, project } from './project.mjs'

const skip = started ? false : 'needs tests/servers/run.py'
const KEY = 'sk_test_page_flow_0001'

test('programs pass tsc --strict, as ESM and as CommonJS', (t) => {
  const made = project(t)
  const programs = ['composio-program', 'page-flow'].flatMap((name) => [`${name}.mts`, `${name}.cts`])
  for (const name of programs)
    copyFileSync(path.join(import.meta.dirname, `${path.parse(name).name}.ts`), path.join(made, name))
  assert.equal(compile(made, ['--noEmit', ...programs]), '')
})

for (const backend of ['embedded', 'composio']) {
  test(`the page's program runs: ${backend}`, { skip }, async (t) => {
    const made = project(t)
    copyFileSync(path.join(import.meta.dirname, 'page-flow.ts'), path.join(made, 'page-flow.mts'))
    assert.equal(compile(made, ['page-flow.mts']), '')
    const double = new Double(`node-page-${backend}`)
    const accepted = { require: { header: { authorization: `Bearer ${KEY}` } }, json: { id: 'acct_1', object: 'x' } }
    await double.script({ '* *': [accepted] })
    const { env, client } = await chosen(backend, made, `node-page-${backend}`)
    const { id } = await client.integrations.create({ app: 'stripe', baseUrl: double.addresses.provider_http })
    const { stdout, stderr } = await run(made, ['page-flow.mjs', id, KEY], env)
    assert.equal(stderr, '')
    const { descriptions, ...said } = JSON.parse(stdout)
    assert.equal(descriptions.length, 1)
    assert.deepEqual(said, {
      required: ['api_key'],
      fromUser: ['api_key'],
      again: ['api_key'],
      statuses: Array(3).fill(['ACTIVE', null]),
      ids: 3,
      account: ['ACTIVE', 'stripe', 'user-1', true],
      waited: true,
      successful: Array(2).fill([true, true, null]),
    })
    const { items } = await client.connectedAccounts.list({ statuses: ['ACTIVE'] })
    assert.deepEqual(items.map(({ entityId }) => entityId).sort(), ['user-1', 'user-1', 'user-2'])
    await client.close()
  })
}

/** The environment that chooses a backend, and a client of it. */
async function chosen(backend, folder, name) {
  const data = path.join(folder, 'data')
  const env = { ...process.env, XDG_DATA_HOME: data, COMPOSIO_API_KEY: '', COMPOSIO_BASE_URL: '' }
  if (backend === 'embedded') {
    return { env, client: await Keylatch.open({ path: path.join(data, 'keylatch', 'vault.db') }) }
  }
  const made = new Project(name)
  await made.script({})
  const { apiKey, baseUrl } = made.options
  return {
    env: { ...env, COMPOSIO_API_KEY: apiKey, COMPOSIO_BASE_URL: baseUrl },
    client: await Keylatch.composio(made.options),
  }
}

async function run(cwd, args, env) {
  const child = spawn(process.execPath, args, { cwd, env })
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return { stdout, stderr }
}
