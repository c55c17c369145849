import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../base/index.ts'
import { GraphBuilder, tensorOf } from '../../graph/index.ts'
import { pruneModel, type ScoringImages } from '../index.ts'
import { errorCurve } from './output-errors.ts'

const random = seededRandom(3)
const normals = (count: number) => Float32Array.from({ length: count }, () => random.normal())

const pixels = normals(16 * 108)
const images: ScoringImages = {
  ...{ shape: [3, 6, 6], batchSize: 8 },
  batches: {
    async *[Symbol.asyncIterator]() {
      for (const at of [0, 8]) yield { images: pixels.slice(at * 108, (at + 8) * 108), count: 8 }
    },
  },
}

/** Two layers of 8 filters that cost the same; of `spare` the last four filters are combinations of the others. The norms of all filters are alike. */
function network(spare: 'a' | 'b') {
  const b = new GraphBuilder('network')
  let value = b.input('x', 'float32', ['N', 3, 6, 6])
  for (const [name, inputs] of [
    ['in', 3],
    ['a', 8],
    ['b', 8],
    ['out', 8],
  ] as const) {
    const size = inputs * 9
    const weights = normals(8 * size)
    if (name === spare)
      for (let i = 0; i < 4 * size; i++)
        weights[4 * size + i] = (weights[i]! + weights[(i + size) % (4 * size)]!) / 1.41
    value = b.node('Conv', [value, b.constant(`${name}.w`, tensorOf('float32', [8, inputs, 3, 3], weights))], {
      pads: [1, 1, 1, 1],
    })
  }
  b.output(value)
  return b.model()
}

describe('widths by what the outputs lose', () => {
  it.each(['a', 'b'] as const)('takes from the layer whose channels the others can stand for: %s', async (spare) => {
    const asked = { images, criterion: 'obs', target: { of: 'macs', part: 0.78, allocate: 'outputs' } } as const
    const { groups, before, after, budget } = await pruneModel(network(spare), asked)
    const kept = Object.fromEntries(groups.map((g) => [g.tensors[0]!.name, g.kept]))
    expect(kept[`${spare}.w`]).toBeLessThanOrEqual(5)
    expect(kept[spare === 'a' ? 'b.w' : 'a.w']).toBeGreaterThanOrEqual(7)
    expect(after.macs).toBeLessThanOrEqual(0.78 * before.macs)
    expect(budget).toMatchObject({ allocate: 'outputs' })
  })

  it('asks for images', async () => {
    const target = { of: 'macs', part: 0.5, allocate: 'outputs' } as const
    await expect(pruneModel(network('a'), { target })).rejects.toMatchObject({ code: 'no-images' })
  })

  it('errors between those that were measured lie between them, and never grow with the width', () => {
    const widths = [1, 2, 3, 4, 5, 6, 7, 8]
    const measured = new Map([
      [1, 0.8],
      [3, 0.2],
      [5, 0.3],
      [6, 0.04],
    ])
    const curve = errorCurve(widths, measured)
    expect(curve).toEqual([0.8, Math.sqrt(0.8 * 0.3), 0.3, 0.3, 0.3, 0.04, 0.01, 0].map((e) => expect.closeTo(e, 9)))
  })

  it('where an error is 0, the line goes straight to it', () => {
    const measured = new Map([
      [2, 0.5],
      [4, 0],
    ])
    expect(errorCurve([2, 3, 4, 5], measured)).toEqual([0.5, 0.25, 0, 0])
  })
})
