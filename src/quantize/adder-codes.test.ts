import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clampAdderWeights } from '../ops/index.ts'
import { adderCodes, adderScale } from './adder-codes.ts'

const distance = (x: ArrayLike<number>, w: ArrayLike<number>): number =>
  Array.from(x).reduce((sum, v, i) => sum + Math.abs(v - w[i]!), 0)

describe('clamping weights to the inputs’ range', () => {
  it('loses nothing: Σ|x − w| = Σ|x − clamp(w)| + constant for every x in it', () => {
    const number = (min: number, max: number) => fc.double({ min, max, noNaN: true })
    fc.assert(
      fc.property(
        number(-10, 0),
        number(0, 10),
        fc.array(fc.tuple(number(-100, 100), number(0, 1)), { minLength: 2, maxLength: 20 }),
        (lo, hi, terms) => {
          const weights = Float32Array.from(terms, ([w]) => w)
          const x = terms.map(([, share]) => Math.fround(lo) + share * (Math.fround(hi) - Math.fround(lo)))
          const inside = clampAdderWeights(weights, 1, Math.fround(lo), Math.fround(hi))
          const want = distance(x, weights)
          expect(Math.abs(distance(x, inside.weights) + inside.filterConstant[0]! - want)).toBeLessThan(
            1e-6 * (1 + want),
          )
          expect(Math.max(...inside.weights)).toBeLessThanOrEqual(Math.fround(hi))
          expect(Math.min(...inside.weights)).toBeGreaterThanOrEqual(Math.fround(lo))
        },
      ),
    )
  })

  it('keeps a constant for each filter', () => {
    const { weights, filterConstant, clamped } = clampAdderWeights(Float32Array.of(-3, 1, 9, 2, 2.5, 0), 2, 0, 4)
    expect(weights).toEqual(Float32Array.of(0, 1, 4, 2, 2.5, 0))
    expect(filterConstant).toEqual(Float64Array.of(8, 0))
    expect(clamped).toBe(2)
  })
})

describe('codes of weights', () => {
  it('are of the given bits, the rest being the filter’s constant', () => {
    const scale = adderScale(6, 0, 6.3)
    expect(scale).toEqual({ scale: Math.fround(0.1), zeroPoint: 0, most: 63 })
    const { codes, filterConstant, clamped, roundingError } = adderCodes(Float32Array.of(-9, 0, 1.02, 9), 1, scale)
    expect(codes).toEqual(Uint8Array.of(0, 0, 10, 63))
    expect(filterConstant[0]).toBeCloseTo(9 + 9 - 6.3, 5)
    expect(clamped).toBe(2)
    expect(roundingError).toBeCloseTo(0.01, 5)
  })

  it('say every x and w of the range to half a step', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        fc.float({ min: -10, max: 0, noNaN: true }),
        fc.float({ min: 0.125, max: 10, noNaN: true }),
        fc.array(fc.float({ min: -20, max: 20, noNaN: true }), { minLength: 1, maxLength: 20 }),
        (bits, lo, hi, values) => {
          const own = adderScale(bits, lo, hi)
          const { scale, zeroPoint, most } = own
          const { codes } = adderCodes(Float32Array.from(values), 1, own)
          expect(scale * most).toBeCloseTo(hi - lo, 4)
          values.forEach((w, i) => {
            const code = codes[i]!
            expect(code).toBeLessThanOrEqual(most)
            const inside = Math.min(Math.max(w, -zeroPoint * scale), (most - zeroPoint) * scale)
            expect(Math.abs(scale * (code - zeroPoint) - inside)).toBeLessThanOrEqual(0.5001 * scale)
          })
        },
      ),
    )
  })

  it('have one for 0', () => {
    const own = adderScale(8, -1, 1)
    expect(adderCodes(Float32Array.of(0), 1, own).codes[0]).toBe(own.zeroPoint)
    expect(adderScale(8, 1, 2)).toMatchObject({ zeroPoint: 0, scale: Math.fround(2 / 255) })
  })

  it.each([
    [8, 0, 0, 'The range [0, 0] cannot be coded. Calibrate with other data.'],
    [8, 0, Number.NaN, 'The range [0, NaN] cannot be coded. Calibrate with other data.'],
    [8, 0, Infinity, 'The range [0, Infinity] cannot be coded. Calibrate with other data.'],
    [9, 0, 1, 'Codes have 1 to 8 bits, not 9.'],
    [0, 0, 1, 'Codes have 1 to 8 bits, not 0.'],
  ])('of %i bits for [%d, %d] there are none', (bits, lo, hi, message) => {
    expect(() => adderScale(bits, lo, hi)).toThrow(message)
  })
})
