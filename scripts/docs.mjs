// `npm run docs`: writes the generated parts of docs/ from a fresh build.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { operatorTable } from './operator-table.mjs'
import { build, install, root } from './prepare.mjs'

for (const step of [install, build]) {
  const { code } = await step()
  if (code !== 0) process.exit(code)
}

const load = (entry) => import(new URL(`../dist/api/${entry}.js`, import.meta.url).href)
const { callOf, compositeList, operatorList } = await load('graph')

const path = join('docs', 'operators.md')
writeFileSync(join(root, path), operatorTable(operatorList, callOf, compositeList))
console.log(`${path}: ${operatorList.length} operators`)

const { recipeJsonSchema } = await load('train')
const schemaPath = join('docs', 'recipe.schema.json')
writeFileSync(join(root, schemaPath), `${JSON.stringify(recipeJsonSchema(), null, 2)}\n`)
console.log(`${schemaPath}: training recipes`)
