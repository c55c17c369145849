import { lazyTensor, tensorOf } from 'kerf/graph'
import { describe, expect, it } from 'vitest'
import { statisticsOf } from './weights.ts'

describe('the values of a tensor', () => {
  it('are counted over more than one piece', async () => {
    const count = 600_001
    // 0, 1 … 9 again and again: mean 4.5 and variance 8.25, but for the last one.
    const tensor = lazyTensor('float32', [count], () => Float32Array.from({ length: count }, (_, i) => i % 10))
    const { least, most, mean, deviation, zeros, nans, bins } = await statisticsOf('w', tensor)
    expect([least, most, zeros, nans]).toEqual([0, 9, 60_001, 0])
    expect(mean).toBeCloseTo(4.5, 4)
    expect(deviation).toBeCloseTo(Math.sqrt(8.25), 4)
    expect(bins.reduce((a, b) => a + b, 0)).toBe(count)
    expect([bins[0], bins.at(-1)]).toEqual([60_001, 60_000])
    expect(bins.filter((n) => n > 0)).toHaveLength(10)
  })

  it('that are no numbers are counted apart, and one value is a histogram, too', async () => {
    const odd = tensorOf('float32', [5], [Number.NaN, 2, Number.POSITIVE_INFINITY, 2, 0])
    expect(await statisticsOf('w', odd)).toMatchObject({ least: 0, most: 2, zeros: 1, nans: 2, count: 5 })
    const equal = await statisticsOf('w', tensorOf('float16', [3], [0.5, 0.5, 0.5]))
    expect(equal).toMatchObject({ least: 0.5, most: 0.5, mean: 0.5, deviation: 0 })
    expect(equal.bins[0]).toBe(3)
    const none = await statisticsOf('w', tensorOf('float32', [2], [Number.NaN, Number.NaN]))
    expect([none.least, none.mean, none.deviation, none.nans]).toEqual([Number.NaN, Number.NaN, Number.NaN, 2])
  })

  it('of packed types are read where bytes begin', async () => {
    const count = 2 ** 18 + 6
    const tensor = tensorOf(
      'uint4',
      [count],
      Array.from({ length: count }, (_, i) => i % 16),
    )
    const { least, most, zeros } = await statisticsOf('w', tensor)
    expect([least, most, zeros]).toEqual([0, 15, Math.ceil(count / 16)])
  })
})
