// `npm run docs`: writes the generated parts of docs/ from a fresh build.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { operatorTable } from './operator-table.mjs'
import { build, install, root } from './prepare.mjs'

for (const step of [install, build]) {
  const { code } = await step()
  if (code !== 0) process.exit(code)
}

const load = (room) => import(new URL(`../dist/${room}/index.js`, import.meta.url))
const { operatorList } = await load('ops')
const { AttributeReader } = await load('graph')

const path = join('docs', 'operators.md')
writeFileSync(join(root, path), operatorTable(operatorList, AttributeReader))
console.log(`${path}: ${operatorList.length} operators`)
