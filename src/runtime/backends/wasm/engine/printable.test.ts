import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { alphabet, printable } from '../../../../../scripts/printable.ts'
import { seededRandom } from '../../../../base/index.ts'
import { binaries } from './binaries.generated.ts'
import { fromPrintable } from './printable.ts'

const random = seededRandom(3)

it.each([
  ['every byte', Uint8Array.from({ length: 256 }, (_, i) => i)],
  ['many bytes', Uint8Array.from({ length: 5000 }, () => random.below(256))],
  ['none', new Uint8Array()],
])('bytes come back from text that needs no escapes: %s', (_, bytes) => {
  const text = printable(bytes)
  expect(text).toMatch(/^[^"'`$\\<]*$/)
  expect(JSON.stringify(text)).toHaveLength(text.length + 2)
  expect(fromPrintable(text, alphabet)).toEqual(bytes)
})

it('the kernels are WebAssembly, and their text compresses as they do', () => {
  const bytes = fromPrintable(binaries.relaxed, binaries.alphabet)
  expect([...bytes.subarray(0, 8)]).toEqual([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0])
  expect(gzipSync(binaries.relaxed).length).toBeLessThan(1.06 * gzipSync(bytes).length)
})
