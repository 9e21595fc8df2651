// Makes the package usable after `npm install`, in this folder or of this folder: npm runs `prepare` in both cases, but
// for a folder that another project installs it does so without this package's development dependencies.
'use strict'

const { spawnSync } = require('node:child_process')
const { existsSync } = require('node:fs')
const path = require('node:path')

const root = path.join(__dirname, '..')

function run(command, args, env) {
  // npm is a script on some systems, which only a shell can start.
  const shell = process.platform === 'win32'
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', env, shell })
  if (error) throw error
  if (status !== 0) process.exit(status ?? 1)
}

const tools = ['@napi-rs/cli', '@types/node', 'typescript']
if (!tools.every((tool) => existsSync(path.join(root, 'node_modules', tool, 'package.json')))) {
  // The outer npm's settings (its folder, --global, --omit) are not meant for this inner one; its registry is.
  const outer =
    /^npm_(config_(local_prefix|prefix|global|location|omit|include|dry_run|install_links|workspace.*)|command)$/i
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !outer.test(name)))
  delete env.NODE_ENV
  // Not `npm ci`: the lock file lacks tools of @napi-rs/cli for other systems, which it does without.
  run('npm', ['install', '--no-save', '--ignore-scripts', '--include=dev', '--loglevel=error'], env)
}
run(
  process.execPath,
  [path.join(__dirname, 'build.cjs'), ...(process.env.KEYLATCH_DEBUG ? ['--debug'] : [])],
  process.env,
)
