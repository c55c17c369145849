// What is made of kernels/ is made of what lies there now.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { binaries } from '../kernels/table.ts'
import { sourcesLine, targets } from '../scripts/kernel-targets.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const remedy = 'Run npm run kernels'
const read = (path: string): string => readFileSync(join(root, path), 'utf8')

it.each(targets.map(({ path, text }) => [path, text]))('%s is that of the table', (path, text) => {
  expect(read(path), remedy).toBe(text)
})

it.each(['kernels', ...Object.keys(binaries), 'unpack'])('the binary "%s" is that of the sources', (name) => {
  const path = `src/runtime/backends/wasm/engine/binaries/${name}.generated.ts`
  const [, sources] = read(path).split('\n')
  expect(sources, remedy).toBe(sourcesLine(root))
})
