// Takes over the types that the last build generated from the addon, after the addon's interface was changed on purpose.
'use strict'

const { copyFileSync } = require('node:fs')
const path = require('node:path')

const root = path.join(__dirname, '..')
copyFileSync(path.join(root, 'dist', 'native.d.ts'), path.join(root, 'src', 'native.d.ts'))
