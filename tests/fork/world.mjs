// What the Node programs of this folder do with a client, in the world that the environment names (see run.py).
import assert from 'node:assert/strict'
import { readFileSync, writeSync } from 'node:fs'
import { threadId } from 'node:worker_threads'

import { Keylatch } from '../../bindings-node/dist/index.mjs'

const { env } = process

/** A client on the world's vault, or on its project. */
export async function open() {
  const extraCa = readFileSync(env.FORK_CA)
  const baseUrl = env.FORK_BASE_URL
  if (baseUrl) return Keylatch.composio({ apiKey: env.FORK_API_KEY, baseUrl, extraCa })
  return Keylatch.open({ path: env.FORK_VAULT, key: Buffer.alloc(32), extraCa })
}

/** Connects a user, asks the app something for them, reads the connection back, and prints `did USER`. */
export async function work(client, role) {
  const name = `${role}-${process.pid}-${threadId}`
  const made = await client.initiateConnection({
    entityId: name,
    integrationId: env.FORK_INTEGRATION,
    connectionParams: { api_key: Buffer.from('sk_test_fork_0001') },
  })
  assert.deepEqual([made.connectionStatus, made.verdict], ['ACTIVE', 'accepted'])
  const { connectedAccountId } = made
  const answer = await client.request({ method: 'GET', path: `/v1/${name}`, connectedAccountId })
  assert.deepEqual(answer.json(), { id: 'acct_1' })
  assert.equal((await client.connectedAccounts.get(connectedAccountId)).entityId, name)
  writeSync(1, `did ${name}\n`)
  return connectedAccountId
}
