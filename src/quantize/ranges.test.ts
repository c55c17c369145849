import { describe, expect, it } from 'vitest'
import { seededRandom } from '../base/index.ts'
import { adderScale } from './adder-codes.ts'
import { Observer } from './observer.ts'
import { chooseRange, codingError, type RangeMethod } from './ranges.ts'

const random = seededRandom(2)
/** Half zeros, half the positive side of a normal distribution, and one value far away: what ReLU leaves. */
const values = Float32Array.from({ length: 50_000 }, () => Math.max(0, random.normal()))
values[7] = 40
const observer = new Observer()
observer.add(values)
const weights = [Float32Array.from({ length: 500 }, () => 3 * random.normal())]
const choose = (bits: number, method: RangeMethod) => chooseRange(observer, weights, bits, method)

/** The change by coding, value by value. */
function measured({ lo, hi }: { lo: number; hi: number }, bits: number): { squares: number; saturated: number } {
  const { scale, zeroPoint, most } = adderScale(bits, lo, hi)
  let [squares, saturated] = [0, 0]
  for (const v of values) {
    const code = Math.min(most, Math.max(0, Math.round(v / scale) + zeroPoint))
    squares += (v - scale * (code - zeroPoint)) ** 2
    if (v > (most - zeroPoint + 0.5) * scale) saturated++
  }
  return { squares, saturated }
}

describe('ranges', () => {
  it('of all that was seen, or of all but one in 10,000', () => {
    expect(choose(6, 'minmax')).toEqual({ lo: 0, hi: 40 })
    const { lo, hi } = choose(6, 'percentile')
    expect(lo).toBe(0)
    const sorted = [...values].sort((a, b) => a - b)
    expect(Math.abs(hi - sorted[49_995]!)).toBeLessThan(0.05)
  })

  it('of least error are narrower the fewer the bits, and are better than the others', () => {
    const best = [8, 6, 5, 4, 3, 2].map((bits) => [bits, chooseRange(observer, [], bits, 'mse')] as const)
    const highs = best.map(([, r]) => r.hi)
    expect(highs).toEqual([...highs].sort((a, b) => b - a))
    expect(highs[0]).toBeLessThanOrEqual(40)
    expect(highs.at(-1)).toBeLessThan(3)
    for (const [bits, range] of best)
      for (const hi of [0.5, 1, 2, 4, 8, 20, 40])
        expect(codingError(observer, range, bits).rms).toBeLessThan(
          1.03 * codingError(observer, { lo: 0, hi }, bits).rms,
        )
    // Weights reach further than the inputs, and count as far as they lie within the range.
    expect(choose(8, 'mse').hi).not.toBe(best[0]?.[1].hi)
  })

  it('reach below 0 where values do', () => {
    const both = new Observer()
    both.add(values.map((v, i) => (i % 2 ? v : -v)))
    const { lo, hi } = chooseRange(both, weights, 5, 'mse')
    expect(lo).toBeLessThan(-1)
    expect(hi).toBeGreaterThan(1)
  })

  it.each([
    [[0, 0, 0], 'is 0 everywhere'],
    [[1.5, 1.5], 'is 1.5 everywhere'],
    [[1, Number.NaN], 'holds NaN'],
    [[1, Number.NEGATIVE_INFINITY], 'holds -Infinity'],
  ])('of %j there are none', (data, message) => {
    const constant = new Observer()
    constant.add(data)
    expect(() => chooseRange(constant, [], 6, 'mse')).toThrow(message)
  })
})

describe('what coding changes', () => {
  it.each([8, 6, 4, 2])('in %i bits is what changes value by value', (bits) => {
    const range = { lo: 0, hi: 2.5 }
    const { rms, relative, saturated } = codingError(observer, range, bits)
    const expected = measured(range, bits)
    // The histogram knows values to a bin, a 1500th of the largest.
    expect(rms / Math.sqrt(expected.squares / values.length)).toBeCloseTo(1, 1)
    expect(relative / rms).toBeCloseTo(1 / Math.sqrt(values.reduce((s, v) => s + v * v, 0) / values.length), 6)
    expect(Math.abs(saturated - expected.saturated / values.length)).toBeLessThan(1e-3)
    expect(saturated).toBeGreaterThan(1e-3)
  })
})
