// Streams bodies through the Node door: `host.mjs node URL BYTES`.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

import { Keylatch } from '../../bindings-node/dist/index.mjs'

const [url, size] = [process.argv[3], Number(process.argv[4])]
const OURS = { entityId: 'user-1', app: 'stripe' }
const PIECE = new Uint8Array(1 << 16)

/** Peak of memory in KiB. */
const peak = () => Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'ascii'))[1])

function* pieces(size) {
  for (let i = 0; i < Math.floor(size / PIECE.length); i++) yield PIECE
}

async function download(client, size) {
  const asked = { ...OURS, method: 'GET', path: `/bytes/${size}`, maxResponseBytes: 0 }
  let whole = 0
  for await (const piece of await client.requestStream(asked)) whole += piece.length
  return whole
}

async function upload(client, size) {
  const answer = await client.requestStream({ ...OURS, method: 'PUT', path: '/count', body: pieces(size) })
  let text = ''
  for await (const piece of answer) text += Buffer.from(piece)
  return Number(text)
}

const folder = mkdtempSync(path.join(tmpdir(), 'keylatch-streams-'))
const client = await Keylatch.open({
  path: path.join(folder, 'vault.db'),
  key: Buffer.from('keylatch-vault-key-of-the-runner'),
})
try {
  const { id } = await client.integrations.create({ app: 'stripe', baseUrl: url })
  await client.initiateConnection({
    entityId: 'user-1',
    integrationId: id,
    connectionParams: { api_key: 'sk_test_good_0001' },
    verify: 'off',
  })
  await download(client, 1 << 26)
  await upload(client, 1 << 26)
  const before = peak()
  const told = { down: await download(client, size), up: await upload(client, size) }
  const left = await client.requestStream({ ...OURS, method: 'GET', path: `/bytes/${1e15}`, maxResponseBytes: 0 })
  for await (const _ of left) break
  const cut = Number((await client.request({ ...OURS, method: 'GET', path: '/cut' })).text())
  console.log(JSON.stringify({ ...told, cut, grown_kib: peak() - before }))
} finally {
  await client.close()
  rmSync(folder, { recursive: true, force: true })
}
