// Weights that lie in a file are read in pieces and packed to the same bytes as those in memory.

import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../../../base/index.ts'
import { type AttributeValue, float, GraphBuilder, type Model, tensorOf } from '../../../../graph/index.ts'
import { createSession, hostTensor } from '../../../index.ts'
import { pieceBytes } from './weights.ts'

const random = seededRandom(31)
const floats = (count: number): Float32Array => Float32Array.from({ length: count }, () => random.normal())

const layers: readonly (readonly [
  what: string,
  op: string,
  x: readonly number[],
  w: readonly number[],
  attributes: Record<string, AttributeValue>,
])[] = [
  // 113 filters of 9 KiB fit into a piece: 112 are packed at once.
  ['a convolution', 'Conv', [1, 256, 3, 3], [130, 256, 3, 3], {}],
  ['one in groups that end within a panel', 'Conv', [1, 600, 2, 2], [60, 300, 2, 2], { group: 2 }],
  ['one whose filters are larger than a piece', 'Conv', [1, 300_000, 1, 1], [3, 300_000, 1, 1], {}],
  ['a transposed convolution', 'ConvTranspose', [1, 130, 3, 3], [130, 256, 3, 3], { strides: [2, 2] }],
  ['a depthwise convolution', 'Conv', [1, 40, 101, 101], [40, 1, 101, 101], { group: 40 }],
  ['a linear layer', 'Gemm', [1, 1000], [333, 1000], { transB: 1, alpha: float(0.3) }],
  ['one with its matrix the other way', 'Gemm', [1, 1000], [1000, 333], { alpha: float(0.3) }],
  ['a linear layer of many rows', 'Gemm', [5, 1000], [333, 1000], { transB: 1, alpha: float(-2) }],
  ['one of many rows, the other way', 'Gemm', [5, 1000], [1000, 333], {}],
  ['a matrix product', 'MatMul', [5, 1000], [1000, 333], {}],
]

/** @param asked gets the length of every range that is read, in bytes */
function network(index: number, values: Float32Array, asked: number[], streamed: boolean): Model {
  const [, op, xShape, shape, attributes] = layers[index]!
  const { elementType, data } = tensorOf('float32', shape, values)
  const bytes = (offset = 0, length = data.byteLength - offset, into?: ArrayBuffer) => {
    asked.push(length)
    if (!streamed || !into) return data.bytes(offset, length)
    // As a file is read: over what was there before.
    new Uint8Array(into).fill(0xff)
    const part = new Uint8Array(into, 0, length)
    part.set(data.bytes(offset, length))
    return part
  }
  const b = new GraphBuilder('net', 17)
  const w = b.constant('w', { elementType, shape, data: { byteLength: data.byteLength, bytes, streamed } })
  b.output(b.node(op, [b.input('x', 'float32', xShape), w], attributes, { outputs: ['y'] }))
  return b.model()
}

describe('weights in a file', () => {
  it.each(layers.map(([what], i) => [what, i] as const))('%s', async (_, index) => {
    const [, , xShape, shape] = layers[index]!
    const size = (s: readonly number[]) => s.reduce((p, d) => p * d, 1)
    const values = floats(size(shape))
    const x = hostTensor('float32', xShape, floats(size(xShape)))
    const results = []
    const asked = [[], []] as [number[], number[]]
    for (const streamed of [false, true]) {
      // Counting zeros would read some of them once more.
      const session = await createSession(network(index, values, asked[streamed ? 1 : 0], streamed), {
        sparse: 'never',
      })
      results.push((await session.run({ x })).y)
      session.dispose()
    }
    expect(results[1]).toEqual(results[0])
    expect(asked[0]).toEqual([4 * values.length])
    expect(asked[1].reduce((sum, n) => sum + n, 0)).toBe(4 * values.length)
  })

  it('are in memory piece by piece where their filters lie one behind the other', async () => {
    for (const index of [0, 1, 5, 7]) {
      const asked: number[] = []
      const [, , , shape] = layers[index]!
      const session = await createSession(network(index, floats(shape.reduce((p, d) => p * d, 1)), asked, true))
      session.dispose()
      if (index !== 1) expect(asked.length).toBeGreaterThan(1)
      expect(Math.max(...asked)).toBeLessThanOrEqual(pieceBytes)
    }
  })
})
