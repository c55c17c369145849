// What is made of kernels/ is made of what lies there now.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { sourcesLine, targets } from '../scripts/kernel-targets.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const remedy = 'Run npm run kernels'
const read = (path: string): string => readFileSync(join(root, path), 'utf8')

it.each(targets.map(({ path, text }) => [path, text]))('%s is that of the table', (path, text) => {
  expect(read(path), remedy).toBe(text)
})

it('the binaries are those of the sources', () => {
  expect(read('src/runtime/backends/wasm/engine/binaries.generated.ts'), remedy).toContain(sourcesLine(root))
})
