// Builds the package into dist: the addon with cargo, then the TypeScript. `--debug` builds the addon unoptimised.
'use strict'

const { spawnSync } = require('node:child_process')
const { copyFileSync, existsSync, mkdirSync, rmSync, statSync, writeFileSync } = require('node:fs')
const path = require('node:path')
const { generateTypeDef } = require('@napi-rs/cli')

const root = path.join(__dirname, '..')
const dist = path.join(root, 'dist')
const crate = 'keylatch-node'

/** What a command has printed; ends with its exit code if it fails. */
function run(command, args, options) {
  const { status, error, stdout } = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options })
  if (error) throw error
  if (status !== 0) process.exit(status ?? 1)
  return stdout
}

/**
 * Builds the addon into dist, with its types as napi-derive notes them down while it compiles. `napi build` would do
 * the same, but for a target by name, for which cargo compiles all dependencies once more than for the other packages.
 */
async function buildAddon(profile) {
  const types = path.join(root, '..', 'target', 'napi-rs', profile)
  if (!existsSync(path.join(types, crate))) rmSync(types, { recursive: true, force: true })
  mkdirSync(types, { recursive: true })
  // As long as the notes are there, the second variable stays as it is, and what is built already is not built again.
  const noted = { NAPI_TYPE_DEF_TMP_FOLDER: types, NAPI_FORCE_BUILD_KEYLATCH_NODE: `${statSync(types).birthtimeMs}` }
  const args = ['build', '--locked', '--package', crate, '--profile', profile]
  const told = run('cargo', [...args, '--message-format', 'json-render-diagnostics'], {
    stdio: ['inherit', 'pipe', 'inherit'],
    env: { ...process.env, ...noted },
    encoding: 'utf8',
    maxBuffer: Infinity,
  })
  const messages = told.split('\n').filter(Boolean).map(JSON.parse)
  const addon = messages.findLast(({ target }) => target?.kind.includes('cdylib') && target.name === 'keylatch_node')
  copyFileSync(addon.filenames[0], path.join(dist, 'keylatch.node'))
  writeFileSync(path.join(dist, 'native.d.ts'), (await generateTypeDef({ typeDefDir: types, cwd: root })).dts)
}

/** The facade, compiled against the types that are checked in; a test compares them with those of the addon. */
function buildFacade() {
  const manifest = require.resolve('typescript/package.json')
  run(process.execPath, [path.join(path.dirname(manifest), require(manifest).bin.tsc), '--project', '.'])
  writeModules()
}

/**
 * For `import`, the names of what `require` gives, each by itself: `export *` would have Node parse the whole package
 * for them.
 */
function writeModules() {
  for (const module of ['index', 'composio/index']) {
    const names = Object.keys(require(path.join(dist, module))).join(', ')
    const lines = [
      "import { createRequire } from 'node:module'",
      `export const { ${names} } = createRequire(import.meta.url)('./index.js')`,
    ]
    writeFileSync(path.join(dist, `${module}.mjs`), `${lines.join('\n')}\n`)
  }
}

// A new file, since overwriting an addon that is loaded somewhere would crash that process.
rmSync(dist, { recursive: true, force: true })
mkdirSync(dist)
buildAddon(process.argv.includes('--debug') ? 'dev' : 'release').then(buildFacade)
