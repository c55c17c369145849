import { describe, expect, it } from 'vitest'
import { seededRandom, shuffle } from '../base/index.ts'
import { beta, counting } from './random.ts'

const draws = 20_000

/** The largest distance between what was drawn and the distribution (Kolmogorov and Smirnov). */
function distance(sample: number[], cumulative: (x: number) => number): number {
  const sorted = sample.toSorted((a, b) => a - b)
  return Math.max(
    ...sorted.map((x, i) => Math.max((i + 1) / sorted.length - cumulative(x), cumulative(x) - i / sorted.length)),
  )
}
/** Of so many draws, only one sample in 10,000 is farther off. */
const limit = 2.23 / Math.sqrt(draws)

describe('beta', () => {
  it.each<[number, number, (x: number) => number]>([
    [1, 1, (x) => x],
    [0.5, 0.5, (x) => (2 / Math.PI) * Math.asin(Math.sqrt(x))],
    [2, 2, (x) => x ** 2 * (3 - 2 * x)],
    [3, 1, (x) => x ** 3],
    [1, 0.2, (x) => 1 - (1 - x) ** 0.2],
  ])('(%d, %d) has its distribution', (a, b, cumulative) => {
    const random = seededRandom(5)
    const sample = Array.from({ length: draws }, () => beta(a, b, random))
    expect(distance(sample, cumulative)).toBeLessThan(limit)
    // Another distribution is told apart.
    expect(distance(sample, (x) => cumulative(x) ** 1.1)).toBeGreaterThan(limit)
  })

  it('of tiny parameters is near 0 or 1, and a number', () => {
    const random = seededRandom(1)
    const sample = Array.from({ length: 1000 }, () => beta(1e-4, 1e-4, random))
    expect(sample.every((x) => x >= 0 && x <= 1)).toBe(true)
    expect(sample.filter((x) => x > 0.5).length).toBeGreaterThan(400)
    expect(sample.filter((x) => x < 0.5).length).toBeGreaterThan(400)
  })
})

it('shuffle makes each order as often as any other', () => {
  const random = seededRandom(2)
  const times = new Map<string, number>()
  for (let i = 0; i < 24_000; i++) {
    const order = String(shuffle(counting(4), random))
    times.set(order, (times.get(order) ?? 0) + 1)
  }
  expect(times.size).toBe(24)
  // χ² with 23 degrees of freedom passes 59 once in 20,000 times.
  const chiSquared = [...times.values()].reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0)
  expect(chiSquared).toBeLessThan(59)
})
