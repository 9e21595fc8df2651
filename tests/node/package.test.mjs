// The package: both module systems, types that are up to date, one version, no runtime dependencies.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { test } from 'node:test'

import { compile, project } from './project.mjs'

const ROOT = path.join(import.meta.dirname, '..', '..')
const PACKAGE = path.join(ROOT, 'bindings-node')
const read = (...parts) => readFileSync(path.join(...parts), 'utf8')
const require = createRequire(import.meta.url)

for (const name of ['keylatch', 'keylatch/composio']) {
  test(`import and require give the same things: ${name}`, (t) => {
    const made = project(t)
    const program = `
      import * as imported from '${name}'
      import { createRequire } from 'node:module'
      const required = createRequire(import.meta.url)('${name}')
      const names = Object.keys(imported).filter((name) => name !== 'default' && name !== 'module.exports')
      const same = names.every((name) => imported[name] === required[name])
      console.log(JSON.stringify({ same, missing: Object.keys(required).filter((name) => !names.includes(name)) }))
    `
    writeFileSync(path.join(made, 'program.mjs'), program)
    const { stdout, stderr } = spawnSync(process.execPath, ['program.mjs'], { cwd: made, encoding: 'utf8' })
    assert.deepEqual(JSON.parse(stdout || 'null'), { same: true, missing: [] }, stderr)
  })
}

test('a program that uses every call passes tsc --strict, as ESM and as CommonJS', (t) => {
  const made = project(t)
  const source = path.join(import.meta.dirname, 'typed-program.ts')
  for (const name of ['program.mts', 'program.cts']) copyFileSync(source, path.join(made, name))
  assert.equal(compile(made, ['--noEmit', 'program.mts', 'program.cts']), '')
})

test('the types of the native part are those that the build generates', () => {
  const hint = 'the interface of the addon has changed: if on purpose, run `npm run types` in bindings-node'
  assert.equal(read(PACKAGE, 'src', 'native.d.ts'), read(PACKAGE, 'dist', 'native.d.ts'), hint)
})

test('one version, no runtime dependencies, no addresses in the lock file', () => {
  const manifest = JSON.parse(read(PACKAGE, 'package.json'))
  const [, version] = /\[workspace\.package\][^[]*?\nversion = "([^"]+)"/.exec(read(ROOT, 'Cargo.toml'))
  assert.equal(manifest.version, version)
  assert.equal(require(PACKAGE).version, version)
  assert.equal(manifest.dependencies, undefined)
  const lock = read(PACKAGE, 'package-lock.json')
  assert.equal(JSON.parse(lock).version, version)
  assert.ok(!lock.includes('"resolved"'))
})
