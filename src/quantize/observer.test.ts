import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../base/index.ts'
import { Observer } from './observer.ts'

const observed = (...batches: readonly ArrayLike<number>[]): Observer => {
  const observer = new Observer()
  for (const batch of batches) observer.add(batch)
  return observer
}

describe('an observer', () => {
  it('keeps extremes, moments and the number of values, in whatever batches they come', () => {
    const numbers = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }), { minLength: 1 })
    fc.assert(
      fc.property(numbers, numbers, (a, b) => {
        const observer = observed(a, b)
        const all = [...a, ...b]
        expect([observer.min, observer.max, observer.count]).toEqual([Math.min(...all), Math.max(...all), all.length])
        const squares = all.reduce((s, v) => s + v * v, 0)
        expect(Math.abs(observer.squares - squares)).toBeLessThanOrEqual(1e-9 * squares)
        // Every value is in a bin, or a zero; bins are at most a 1024th of the largest magnitude wide.
        const widest = Math.max(...all.map(Math.abs)) / 1024
        let [count, first] = [0, 0]
        observer.forEach((value, n) => {
          count += n
          first += value * n
        })
        expect(count).toBe(all.filter((v) => v !== 0).length)
        const sum = all.reduce((s, v) => s + v, 0)
        expect(Math.abs(first - sum)).toBeLessThanOrEqual(widest * all.length + 1e-9)
      }),
    )
  })

  it('widens its bins without losing anything', () => {
    const observer = observed([0.001, -0.002], [1], [-1000], [5000, 0])
    const seen: number[] = []
    observer.forEach((value, count) => {
      seen.push(...Array.from({ length: count }, () => Math.sign(value)))
    })
    expect(seen.sort()).toEqual([-1, -1, 1, 1, 1])
  })

  it('gives quantiles, zeros included', () => {
    const random = seededRandom(1)
    const values = Float32Array.from({ length: 20_000 }, () => random.normal())
    const normal = observed(values)
    expect(normal.quantile(0.5)).toBeCloseTo(0, 1)
    expect(normal.quantile(0.975)).toBeCloseTo(1.96, 1)
    expect(normal.quantile(0.025)).toBeCloseTo(-1.96, 1)
    const positive = observed(values.map((v) => Math.max(0, v)))
    expect(positive.quantile(0.4)).toBe(0)
    expect(positive.quantile(0.975)).toBeCloseTo(1.96, 1)
    expect(positive.quantile(1)).toBe(positive.max)
  })

  it('says what is no number', () => {
    expect(observed([1, Number.NaN, 2]).max).toBeNaN()
    expect(observed([1, Number.POSITIVE_INFINITY]).max).toBe(Number.POSITIVE_INFINITY)
  })
})
