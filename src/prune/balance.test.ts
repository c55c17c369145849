import { describe, expect, it } from 'vitest'
import { seededRandom } from '../base/index.ts'
import { acrossTwo, equally, freely, type Partition } from './balance.ts'

const random = seededRandom(9)

/** The channels of a convolution of `groups` groups, and of the next one behind a shuffle: Reshape to [groups, size], transposed. */
function shuffled(groups: number, size: number): { rows: Partition; columns: Partition } {
  const all = Array.from({ length: groups * size }, (_, i) => i)
  const place = (i: number) => (i % size) * groups + Math.floor(i / size)
  return {
    rows: { parts: groups, blocks: Int32Array.from(all, (i) => Math.floor(i / size)) },
    columns: { parts: groups, blocks: Int32Array.from(all, (i) => Math.floor(place(i) / size)) },
  }
}

const sums = ({ parts, blocks }: Partition, kept: readonly number[]) => {
  const counts = new Array<number>(parts).fill(0)
  for (const i of kept) counts[blocks[i]!] = counts[blocks[i]!]! + 1
  return counts
}

const total = (scores: Float64Array, kept: readonly number[]) => kept.reduce((sum, i) => sum + scores[i]!, 0)

/** Every choice of `count` of n. */
function* choices(n: number, count: number, from = 0): Generator<number[]> {
  if (count === 0) yield []
  else for (let i = from; i <= n - count; i++) for (const rest of choices(n, count - 1, i + 1)) yield [i, ...rest]
}

describe('classes that stay', () => {
  it('are the best of all, of equals the later ones', () => {
    expect(freely.best([3, 1, 3, 2], 2)).toEqual([2, 0])
    expect(freely.best([1, 1, 1], 1)).toEqual([2])
  })

  it('are the best of each block', () => {
    const balancing = equally({ parts: 2, blocks: Int32Array.from([0, 0, 0, 1, 1, 1]) })
    expect(balancing.unit).toBe(2)
    expect(balancing.best([9, 8, 7, 1, 3, 2], 4).sort()).toEqual([0, 1, 4, 5])
  })

  it.each([
    [3, 4],
    [2, 3],
    [4, 3],
  ])('are the best with equal rows and columns: %i groups of %i', (groups, size) => {
    const { rows, columns } = shuffled(groups, size)
    const { unit, best } = acrossTwo(rows, columns)
    expect(unit).toBe(groups)
    const scores = Float64Array.from({ length: groups * size }, random.uniform)
    for (let count = unit; count <= groups * size; count += unit) {
      const kept = best(scores, count)
      expect(new Set(kept).size).toBe(count)
      for (const partition of [rows, columns]) expect(new Set(sums(partition, kept)).size).toBe(1)
      let most = 0
      for (const some of choices(groups * size, count))
        if (new Set(sums(rows, some)).size === 1 && new Set(sums(columns, some)).size === 1)
          most = Math.max(most, total(scores, some))
      expect(total(scores, kept)).toBeCloseTo(most, 12)
    }
  })

  it('of ShuffleNetV1 with 3 groups of 20 can be any third', () => {
    const { rows, columns } = shuffled(3, 20)
    const { best } = acrossTwo(rows, columns)
    for (let count = 3; count <= 60; count += 3) {
      const kept = best(Float64Array.from({ length: 60 }, random.normal), count)
      expect(sums(rows, kept)).toEqual([count / 3, count / 3, count / 3])
      expect(sums(columns, kept)).toEqual([count / 3, count / 3, count / 3])
    }
  })

  it('take in one that must stay', () => {
    const { rows, columns } = shuffled(3, 4)
    const { best } = acrossTwo(rows, columns)
    for (let i = 0; i < 12; i++)
      expect(
        best(
          Float64Array.from({ length: 12 }, (_, j) => (i === j ? 100 : j)),
          3,
        ),
      ).toContain(i)
  })
})
