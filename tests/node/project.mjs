// A project that has the package installed, for tests of what it exports.
import { spawnSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'

import { folder } from './vault.mjs'

const PACKAGE = path.join(import.meta.dirname, '..', '..', 'bindings-node')

/** A folder with the package in its `node_modules`. */
export function project(t) {
  const made = folder(t)
  mkdirSync(path.join(made, 'node_modules', '@types'), { recursive: true })
  symlinkSync(PACKAGE, path.join(made, 'node_modules', 'keylatch'))
  symlinkSync(path.join(PACKAGE, 'node_modules', '@types', 'node'), path.join(made, 'node_modules', '@types', 'node'))
  writeFileSync(path.join(made, 'package.json'), '{"private":true}')
  return made
}

/** What `tsc --strict` says of these programs. */
export function compile(cwd, args) {
  const options = ['--strict', '--target', 'es2022', '--module', 'nodenext', '--types', 'node']
  const tsc = path.join(PACKAGE, 'node_modules', 'typescript', 'bin', 'tsc')
  const all = [tsc, ...options, '--lib', 'es2023,esnext.disposable', ...args]
  return spawnSync(process.execPath, all, { cwd, encoding: 'utf8' }).stdout
}
