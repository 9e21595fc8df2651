// Drop-in objects on each backend, for the tests: a vault or a project of their own, and an app that takes one key.
import path from 'node:path'

import { Composio, OpenAIToolSet } from '../../bindings-node/dist/composio/index.mjs'
import { ca, Double, Project } from './double.mjs'
import { folder } from './vault.mjs'

/** The only key that the app takes. */
export const KEY = 'sk_test_drop_in_0001'

/** The backends to test on. */
export const BACKENDS = ['embedded', 'composio']

/** Options that lead to a vault or project of the test's own. */
export async function options(t, backend, name) {
  if (backend === 'embedded') {
    const at = path.join(folder(t), 'vault.db')
    return () => ({ vault: { path: at, key: Buffer.alloc(32, 7) }, extraCa: ca() })
  }
  const project = new Project(name)
  await project.script({})
  return () => ({ ...project.options, extraCa: ca() })
}

/** A toolset, an object with the current names and an integration of `stripe`, whose requests go to `double`. */
export async function setUp(t, backend, name) {
  const space = `node-${backend}-${name}`
  const double = new Double(space)
  const accepted = { require: { header: { authorization: `Bearer ${KEY}` } }, else: { status: 401, json: {} } }
  await double.script({
    'GET /v1/account': [{ ...accepted, json: { id: 'acct_1' } }],
    'GET /v1/balance': [{ ...accepted, json: { object: 'balance' } }],
    'POST /v1/customers': [{ ...accepted, status: 402, json: { error: { message: 'Your card was declined.' } } }],
    '* *': [{ ...accepted, echo: true }],
  })
  const given = await options(t, backend, space)
  const toolset = new OpenAIToolSet(given())
  const composio = new Composio(given())
  t.after(() => Promise.all([toolset.close(), composio.close()]))
  const { id: integrationId } = await toolset.client.integrations.create({
    appUniqueKey: 'STRIPE',
    authConfig: { base_url: double.addresses.provider },
  })
  return { double, toolset, composio, integrationId, given }
}
