// Runs a page program statement by statement, and reports of each whether it works: `node calls.mjs page.mjs`.
import { readFileSync, writeFileSync } from 'node:fs'

import { described } from './steps.mjs'

// A statement ends before the next line that starts one; every statement of the programs begins with a keyword.
const source = readFileSync(process.argv[2], 'utf8').replaceAll(/^\/\/ (?!Start).*\n/gm, '')
const [head, body] = source.split('// Start.\n')
const statements = (text) => text.split(/\n(?=const |import )/).map((statement) => statement.trim())
const AsyncFunction = (async () => {}).constructor
const names = {}

/** `const` becomes a name that later statements find too. */
async function run(statement) {
  const [, name, expression] = /^const (\w+) = ([^]*)$/.exec(statement)
  const inputs = Object.keys(names)
  names[name] = undefined
  names[name] = await new AsyncFunction(...inputs, `return ${expression}`)(...inputs.map((input) => names[input]))
  if (names[name] === false) throw new Error('is false')
}

for (const statement of statements(head)) {
  const [, imports, from] = /^import \{ (.*) \} from '(.*)'$/.exec(statement) ?? []
  if (!from) await run(statement)
  else
    Object.assign(
      names,
      Object.fromEntries(Object.entries(await import(from)).filter(([name]) => imports.includes(name))),
    )
}

const lines = []
for (const statement of statements(body)) {
  let outcome = 'works'
  try {
    await run(statement)
  } catch (error) {
    outcome = described(error)
  }
  const call = statement
    .replace(/^const /, '')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/, (?=[)}])/g, ' ')
  lines.push(JSON.stringify({ call, outcome }))
}
writeFileSync(process.env.OFFICIAL_REPORT, lines.join('\n'))
