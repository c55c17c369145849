import { expect, it } from 'vitest'
import { seededRandom } from '../base/index.ts'
import { leastCost, leastError, type Priced } from './knapsack.ts'

const sum = (layers: readonly (readonly Priced[])[], chosen: readonly number[], of: 'cost' | 'error') =>
  chosen.reduce((total, o, i) => total + layers[i]![o]![of], 0)

/** Of all choices. */
function bestOf(layers: readonly (readonly Priced[])[], limit: number): number {
  let best = Number.POSITIVE_INFINITY
  const visit = (at: number, cost: number, error: number): void => {
    if (cost > limit) return
    if (at === layers.length) best = Math.min(best, error)
    else for (const o of layers[at]!) visit(at + 1, cost + o.cost, error + o.error)
  }
  visit(0, 0, 0)
  return best
}

it('loses as little as the best of all choices, or hardly more', () => {
  const random = seededRandom(3)
  for (let round = 0; round < 60; round++) {
    const layers = Array.from({ length: 1 + (round % 5) }, () =>
      Array.from({ length: 1 + Math.floor(6 * random.uniform()) }, () => ({
        cost: random.uniform() * 1e6,
        error: random.uniform() ** 3,
      })),
    )
    const least = leastCost(layers)
    const limit = least + random.uniform() * 1e6
    const chosen = leastError(layers, limit)!
    expect(sum(layers, chosen, 'cost')).toBeLessThanOrEqual(limit)
    // Rounding to 4096 steps may cost what lies within a few of them.
    expect(sum(layers, chosen, 'error')).toBeLessThanOrEqual(bestOf(layers, limit - 0.002 * (limit - least)) + 1e-12)
  }
})

it('takes the cheapest of all where nothing else is within the limit, and nothing where they are not', () => {
  const layers = [
    [
      { cost: 3, error: 0 },
      { cost: 1, error: 1 },
    ],
    [
      { cost: 2, error: 0.5 },
      { cost: 2, error: 0.25 },
      { cost: 5, error: 0 },
    ],
  ]
  expect(leastCost(layers)).toBe(3)
  expect(leastError(layers, 3)).toEqual([1, 1])
  expect(leastError(layers, 2.99)).toBeUndefined()
  expect(leastError(layers, 5)).toEqual([0, 1])
  expect(leastError(layers, 8)).toEqual([0, 2])
  expect(leastError([], 0)).toEqual([])
})

it('takes layers of very many options', () => {
  const many = Array.from({ length: 5000 }, (_, i) => ({ cost: i, error: 1 / (1 + i) }))
  const [a = 0, b = 0] = leastError([many, many], 4000)!
  expect(a + b).toBeLessThanOrEqual(4000)
  expect(1 / (1 + a) + 1 / (1 + b)).toBeLessThan(1.03 * (2 / 2001))
})
