import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../base/index.ts'
import { allocate, boundOf, leastCost } from './allocate.ts'
import { costAt, type Term } from './costs.ts'
import type { Ratio } from './ratios.ts'
import { keptFrom, type Widths } from './value.ts'

const random = seededRandom(5)

const one = (group: number): Ratio => ({ key: `${group}`, constant: 0, shares: [[group, 1]] })
const mixed = (a: number, b: number): Ratio => ({
  key: `${a}+${b}`,
  constant: 0.25,
  shares: [
    [a, 0.5],
    [b, 0.25],
  ],
})

/** A group of n channels with random scores, of which at least one stays. */
function group(n: number): Widths {
  const scores = Float64Array.from({ length: n }, () => random.uniform() ** 2).sort((a, b) => b - a)
  const sum = scores.reduce((a, b) => a + b, 0)
  const values = [...scores].map((_, i) => Math.log(scores.slice(0, i + 1).reduce((a, b) => a + b, 0) / sum))
  return { widths: values.map((_, i) => i + 1), values }
}

const factor = (ratio: Ratio, exponent = 1) => ({ ratio, exponent })

/** Four groups in a chain with a side branch, a depthwise layer, a square, and (perhaps) tiles and a kernel for their multiples alone. */
function network(step: number) {
  const groups = [group(7), group(9), group(6), group(8)]
  const of = groups.map((g) => g.widths.length)
  const amount = () => 1 + 10 * random.uniform()
  const steps = (g: number) => [{ ratio: one(g), of: of[g]!, step }]
  const terms: Term[] = [
    { amount: 3, factors: [] },
    { amount: amount(), factors: [factor(one(0))] },
    { amount: amount(), factors: [factor(one(0)), factor(one(1))], tiles: steps(1) },
    { amount: amount(), factors: [factor(one(1), 2)] },
    { amount: amount(), factors: [factor(mixed(1, 2)), factor(one(3))], tiles: steps(3) },
    { amount: amount(), factors: [factor(one(2))], tiles: steps(2) },
    { amount: amount(), factors: [factor(one(3))] },
    { amount: amount(), factors: [factor(one(1))], off: steps(1) },
  ]
  return { groups, terms }
}

/** The best of all widths there are. */
function exhaustive(groups: readonly Widths[], terms: readonly Term[], limit: number): number {
  let best = Number.NEGATIVE_INFINITY
  const parts = new Float64Array(groups.length)
  const walk = (g: number, value: number) => {
    if (g === groups.length) {
      if (value > best && costAt(terms, parts) <= limit) best = value
      return
    }
    const { widths, values } = groups[g]!
    widths.forEach((width, i) => {
      parts[g] = width / widths.length
      walk(g + 1, value + values[i]!)
    })
  }
  walk(0, 0)
  return best
}

describe('allocation', () => {
  it.each([1, 1, 1, 2, 4])(
    'keeps nearly the most that there is, within the limit and the bound (tiles of %i)',
    (step) => {
      const { groups, terms } = network(step)
      const full = costAt(terms, [1, 1, 1, 1])
      const least = leastCost(groups, terms)
      for (const part of [0.1, 0.3, 0.5, 0.8]) {
        const limit = least + part * (full - least)
        const levels = allocate(groups, terms, limit)!
        const parts = groups.map(({ widths }, g) => widths[levels[g]!]! / widths.length)
        const value = groups.reduce((sum, { values }, g) => sum + values[levels[g]!]!, 0)
        const most = exhaustive(groups, terms, limit)
        expect(costAt(terms, parts)).toBeLessThanOrEqual(limit * (1 + 1e-9))
        expect(keptFrom(value, 4)).toBeGreaterThan(0.97 * keptFrom(most, 4))
        // A bound wherever the tangent lies, and a good one at what was found.
        for (const at of [parts, [1, 1, 1, 1], [0.3, 0.9, 0.5, 0.2]])
          expect(boundOf(groups, terms, limit, at)).toBeGreaterThanOrEqual(most - 1e-9)
        // Tiles, of which the bound knows nothing, are half of these layers.
        if (step === 1) expect(keptFrom(boundOf(groups, terms, limit, parts), 4)).toBeLessThan(1.3 * keptFrom(most, 4))
      }
    },
  )

  it('has a bound that is nearly reached where groups are wide', () => {
    const groups = [group(120), group(90)]
    const terms: Term[] = [
      { amount: 5, factors: [factor(one(0))] },
      { amount: 7, factors: [factor(one(0)), factor(one(1))] },
    ]
    const levels = allocate(groups, terms, 6)!
    const parts = groups.map(({ widths }, g) => widths[levels[g]!]! / widths.length)
    const most = exhaustive(groups, terms, 6)
    expect(boundOf(groups, terms, 6, parts)).toBeGreaterThanOrEqual(most)
    expect(keptFrom(boundOf(groups, terms, 6, parts), 2) / keptFrom(most, 2)).toBeLessThan(1.02)
  })

  it('gives nothing where the narrowest widths cost too much', () => {
    const { groups, terms } = network(1)
    expect(allocate(groups, terms, 0.999 * leastCost(groups, terms))).toBeUndefined()
  })
})
