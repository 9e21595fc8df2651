// Builds the package into dist: the addon with cargo, then the TypeScript. `--debug` builds the addon unoptimised.
'use strict'

const { spawnSync } = require('node:child_process')
const { rmSync, writeFileSync } = require('node:fs')
const path = require('node:path')

const root = path.join(__dirname, '..')

/** Runs a command of a development dependency, and ends with its exit code if it fails. */
function run(name, command, ...args) {
  const manifest = path.join(root, 'node_modules', name, 'package.json')
  const script = path.join(path.dirname(manifest), require(manifest).bin[command])
  const { status, error } = spawnSync(process.execPath, [script, ...args], { cwd: root, stdio: 'inherit' })
  if (error) throw error
  if (status !== 0) process.exit(status ?? 1)
}

// A new file, since overwriting an addon that is loaded somewhere would crash that process.
rmSync(path.join(root, 'dist'), { recursive: true, force: true })
const profile = process.argv.includes('--debug') ? [] : ['--release']
const outputs = ['--output-dir', 'dist', '--no-js', '--dts', 'native.d.ts', '--no-dts-cache']
run('@napi-rs/cli', 'napi', 'build', ...profile, ...outputs, '--', '--locked')
// The facade is compiled against the types that are checked in; a test compares them with these generated ones.
run('typescript', 'tsc', '--project', '.')
// For `import`, the names of what `require` gives, each by itself: `export *` would have Node parse the whole package for them.
for (const module of ['index', 'composio/index']) {
  const names = Object.keys(require(path.join(root, 'dist', module))).join(', ')
  const lines = [
    "import { createRequire } from 'node:module'",
    `export const { ${names} } = createRequire(import.meta.url)('./index.js')`,
  ]
  writeFileSync(path.join(root, 'dist', `${module}.mjs`), `${lines.join('\n')}\n`)
}
