import { describe, expect, it } from 'vitest'
import { iohw, oihw } from './convolution.ts'
import { hasEvenTaps } from './winograd.ts'

const channels = { inChannels: 3, outChannels: 2 }
const layers = { Conv: oihw(2, 3, 9), ConvTranspose: iohw(2, 3, 9) }

describe.each(Object.entries(layers))('taps of %s of one size', (_, order) => {
  const at = (o: number, c: number, tap: number) => o * order.outChannel + c * order.inChannel + tap * order.tap
  const even = (set: (weights: Float32Array) => void) => {
    const weights = new Float32Array(54).fill(0.5)
    set(weights)
    return hasEvenTaps({ weights }, order, channels)
  }

  it('are mixed', () => {
    expect(even(() => {})).toBe(true)
    expect(even((w) => w.fill(0))).toBe(true)
  })
  it('not with one that the others are lost beside', () => {
    expect(even((w) => w.set([0.5 * 2 ** 12], at(1, 2, 4)))).toBe(true)
    expect(even((w) => w.set([0.5 * 2 ** 14], at(1, 2, 4)))).toBe(false)
  })
  it('a small weight is no small tap, nor is one that is gone', () => {
    expect(even((w) => w.set([1e-9], at(0, 1, 3)))).toBe(true)
    for (const [value, taken] of [
      [1e-9, false],
      [0, true],
    ] as const)
      expect(
        even((w) => {
          for (let c = 0; c < 3; c++) w[at(0, c, 3)] = value
        }),
      ).toBe(taken)
  })
  it('not beside infinities and what is no number', () => {
    for (const value of [NaN, Infinity, -Infinity]) expect(even((w) => w.set([value], at(1, 0, 8)))).toBe(false)
  })
  it('whatever the taps of a dead filter are', () => {
    const shrunk = (w: Float32Array) => {
      for (let c = 0; c < 3; c++) for (let tap = 0; tap < 9; tap++) w[at(1, c, tap)] = 1e-10 / 100 ** tap
    }
    expect(even(shrunk)).toBe(true)
  })
})
