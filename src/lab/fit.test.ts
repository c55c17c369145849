import { expect, it } from 'vitest'
import { seededRandom } from '../base/index.ts'
import { factorOff, pricedAt, pricesOf } from './fit.ts'

const random = seededRandom(3)
const rows = Array.from({ length: 30 }, () => [1e8 * random.uniform(), 1e6 * random.uniform(), 1])

it('finds the prices that times were made of', () => {
  const prices = [2e-8, 3e-6, 0.4]
  const found = pricesOf(
    rows,
    rows.map((row) => pricedAt(row, prices)),
  )
  for (const [j, price] of prices.entries()) expect(found[j]! / price).toBeCloseTo(1, 6)
})

it('gives no price below 0: the best of those that are left, by the normal equations', () => {
  // More of the second quantity costs less, which no price can say.
  const times = rows.map((row) => 1 + 4e-8 * row[0]! - 1e-7 * row[1]!)
  const [a, b, c] = pricesOf(rows, times) as [number, number, number]
  expect(b).toBe(0)
  // Where nothing is below 0, the gradient of the two others is 0.
  const errors = rows.map((row, i) => (a * row[0]! + c) / times[i]! - 1)
  for (const column of [0, 2]) {
    const products = rows.map((row, i) => (errors[i]! * row[column]!) / times[i]!)
    const size = products.reduce((sum, v) => sum + Math.abs(v), 0)
    expect(products.reduce((sum, v) => sum + v, 0) / size).toBeCloseTo(0, 8)
  }
})

it('says by which factor predictions are off, whichever way', () => {
  expect(factorOff([1, 2, 3], [1, 2, 3])).toBe(1)
  expect(factorOff([2, 1], [1, 2])).toBeCloseTo(2, 12)
})
