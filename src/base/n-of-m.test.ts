import { describe, expect, it } from 'vitest'
import { getOrAdd } from './map.ts'
import { highestOfRuns } from './n-of-m.ts'
import { seededRandom } from './random.ts'

describe('masks of N of M', () => {
  const random = seededRandom(3)

  it.each([
    ['a linear layer', [5, 16], { axis: 1, run: 16 }],
    ['its transposed weight', [16, 5], { axis: 0, run: 16 }],
    ['a convolution', [4, 8, 3, 3], { axis: 1, run: 8 }],
    ['inputs that M does not divide', [3, 7, 2], { axis: 1, run: 7 }],
    ['a transposed convolution in groups', [12, 2, 3], { axis: 0, run: 6 }],
  ] as const)('%s: of every M inputs the N largest', (_, shape, inputs) => {
    const values = Float32Array.from({ length: shape.reduce((p, d) => p * d, 1) }, () => random.normal())
    for (const [n, m] of [
      [2, 4],
      [4, 8],
      [1, 3],
    ] as const) {
      const mask = highestOfRuns(values.map(Math.abs), shape, inputs, { n, m })
      // By brute force: the run of every element, and how many of it are larger.
      const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((p, d) => p * d, 1))
      const keyOf = (at: number) =>
        shape
          .map((d, axis) => {
            const index = Math.floor(at / strides[axis]!) % d
            return axis === inputs.axis
              ? `${Math.floor(index / inputs.run)}:${Math.floor((index % inputs.run) / m)}`
              : index
          })
          .join()
      const runs = new Map<string, number[]>()
      for (const at of values.keys()) getOrAdd(runs, keyOf(at), () => []).push(at)
      for (const run of runs.values()) {
        const kept = run.toSorted((a, b) => Math.abs(values[b]!) - Math.abs(values[a]!)).slice(0, n)
        expect(run.filter((at) => mask[at] === 1)).toEqual(kept.sort((a, b) => a - b))
      }
    }
  })
})
