// The Node side of `tests/keyring/run.py`: opens a vault by the keyring.
import { Keylatch } from '../../bindings-node/dist/index.mjs'

const [path, keyring, milliseconds] = process.argv.slice(2)
try {
  const client = await Keylatch.open({ path, keyring, timeoutMs: Number(milliseconds) })
  const found = await client.diagnose()
  console.log('ok', found.keySource, found.connections - found.damagedConnections.length)
  await client.close()
} catch (error) {
  console.log(`${error.code}: ${error.message}`)
}
