import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../../../base/index.ts'
import { lowerChannelNorm, lowerLayerNorm, lowerLrn, lowerSoftmax } from './normalise.ts'
import { greatestError, StepBench } from './step-bench.node.ts'

const seed = 20260805
const random = seededRandom(seed)
const bench = new StepBench()
const values = (n: number, spread = 2, centre = 0) =>
  Float32Array.from({ length: n }, () => centre + spread * random.normal())

const moments = (v: readonly number[], centred = true) => {
  const mean = centred ? v.reduce((a, b) => a + b, 0) / v.length : 0
  return { mean, variance: v.reduce((a, b) => a + (b - mean) ** 2, 0) / v.length }
}

describe.each([false, true])('softmax, logarithm: %s', (logarithm) => {
  const reference = (v: readonly number[]) => {
    const top = Math.max(...v)
    const sum = v.reduce((s, x) => s + Math.exp(x - top), 0)
    return v.map((x) => (logarithm ? x - top - Math.log(sum) : Math.exp(x - top) / sum))
  }
  const check = (sizes: readonly [number, number, number], threads: number, inPlace: boolean) => {
    bench.reset()
    const [outer, size, inner] = sizes
    const x = values(outer * size * inner, 5)
    const expected = new Float64Array(x.length)
    for (let o = 0; o < outer; o++)
      for (let i = 0; i < inner; i++) {
        const at = (r: number) => (o * size + r) * inner + i
        reference(Array.from({ length: size }, (_, r) => x[at(r)]!)).forEach((v, r) => {
          expected[at(r)] = v
        })
      }
    const from = bench.floats(x)
    const y = inPlace ? from : bench.result(x.length)
    bench.run(lowerSoftmax(from, y, sizes, logarithm), threads)
    expect(greatestError(bench.read(y, x.length), expected, logarithm ? 1 : 1e-30)).toBeLessThan(2e-6)
  }

  it(`over rows of 1 to 40, and between 1 to 40 columns (seed ${seed})`, () => {
    for (let n = 1; n <= 40; n++)
      for (const inPlace of [false, true]) {
        check([5, n, 1], 1 + (n % 3), inPlace)
        check([2, 3, n], 1 + (n % 3), inPlace)
      }
  })

  it('of large values', () => {
    bench.reset()
    const y = bench.result(3)
    bench.run(lowerSoftmax(bench.floats([1e30, 1e30, -1e30]), y, [1, 3, 1], false))
    expect([...bench.read(y, 3)]).toEqual([0.5, 0.5, 0])
  })
})

describe('normalisation over space', () => {
  it(`1 to 40 channels in groups (seed ${seed})`, () => {
    for (let channels = 1; channels <= 40; channels++)
      for (const groups of new Set([1, channels, channels % 2 === 0 ? channels / 2 : 1])) {
        bench.reset()
        const [batch, rows, epsilon] = [2, 150, 1e-3]
        // Far from 0: a variance taken as a difference of squares would be wrong.
        const x = values(batch * rows * channels, 1, 30)
        const scale = values(channels)
        const bias = values(channels)
        const expected = new Float64Array(x.length)
        const size = channels / groups
        for (let n = 0; n < batch; n++)
          for (let g = 0; g < groups; g++) {
            const places: number[] = []
            for (let r = 0; r < rows; r++)
              for (let i = 0; i < size; i++) places.push((n * rows + r) * channels + g * size + i)
            const { mean, variance } = moments(places.map((p) => x[p]!))
            for (const p of places)
              expected[p] =
                ((x[p]! - mean) / Math.sqrt(variance + epsilon)) * scale[p % channels]! + bias[p % channels]!
          }
        const y = bench.result(x.length)
        const places = { x: bench.floats(x), y, scale: bench.floats(scale), bias: bench.floats(bias) }
        bench.run(lowerChannelNorm({ batch, rows, channels, groups, epsilon }, places, bench), 1 + (channels % 3))
        // x·a + b cancels here: the rounding errors are those of 30 times the scale.
        expect(greatestError(bench.read(y, x.length), expected, 1)).toBeLessThan(1e-4)
      }
  })
})

describe('normalisation of rows', () => {
  it.each([true, false])(`of 1 to 40, centred: %s (seed ${seed})`, (centred) => {
    for (let size = 1; size <= 40; size++)
      for (const with_ of ['both', 'scale', 'neither']) {
        bench.reset()
        const [rows, epsilon] = [5, 1e-2]
        const x = values(rows * size, 1, 3)
        const scale = values(size)
        const bias = values(size)
        const means: number[] = []
        const deviations: number[] = []
        const expected = new Float64Array(x.length)
        for (let r = 0; r < rows; r++) {
          const { mean, variance } = moments([...x.subarray(r * size, (r + 1) * size)], centred)
          means.push(mean)
          deviations.push(1 / Math.sqrt(variance + epsilon))
          for (let i = 0; i < size; i++) {
            const v = (x[r * size + i]! - mean) / Math.sqrt(variance + epsilon)
            expected[r * size + i] = v * (with_ === 'neither' ? 1 : scale[i]!) + (with_ === 'both' ? bias[i]! : 0)
          }
        }
        const y = bench.result(x.length)
        const statistics = { means: bench.result(rows), deviations: bench.result(rows) }
        const places = {
          x: bench.floats(x),
          y,
          ...(with_ === 'neither' ? {} : { scale: bench.floats(scale) }),
          ...(with_ === 'both' ? { bias: bench.floats(bias) } : {}),
          ...statistics,
        }
        bench.run(lowerLayerNorm({ rows, size, epsilon, centred }, places), 1 + (size % 3))
        expect(greatestError(bench.read(y, x.length), expected, 1)).toBeLessThan(1e-5)
        expect(greatestError(bench.read(statistics.means, rows), means, 1)).toBeLessThan(1e-6)
        expect(greatestError(bench.read(statistics.deviations, rows), deviations)).toBeLessThan(1e-5)
      }
  })
})

// Squares of these are beyond float32; the reference calculates in float64.
describe('normalisation of values of 1e32', () => {
  it('over space, beside channels of small ones', () => {
    for (const channels of [4, 5]) {
      bench.reset()
      const rows = 7
      const x = values(rows * channels).map((v, i) => (i % channels === 1 ? v * 1e32 : v))
      const [scale, bias] = [values(channels), values(channels)]
      const expected = new Float64Array(x.length)
      for (let c = 0; c < channels; c++) {
        const { mean, variance } = moments(Array.from({ length: rows }, (_, r) => x[r * channels + c]!))
        for (let p = c; p < x.length; p += channels)
          expected[p] = ((x[p]! - mean) / Math.sqrt(variance + 1e-5)) * scale[c]! + bias[c]!
      }
      const y = bench.result(x.length)
      const places = { x: bench.floats(x), y, scale: bench.floats(scale), bias: bench.floats(bias) }
      bench.run(lowerChannelNorm({ batch: 1, rows, channels, groups: channels, epsilon: 1e-5 }, places, bench))
      expect(greatestError(bench.read(y, x.length), expected, 1)).toBeLessThan(1e-5)
    }
  })

  it.each([true, false])('of rows, centred: %s', (centred) => {
    for (const size of [3, 4, 9]) {
      bench.reset()
      const x = values(size, 1e32, 1e32)
      const { mean, variance } = moments([...x], centred)
      const expected = Float64Array.from(x, (v) => (v - mean) / Math.sqrt(variance))
      const y = bench.result(size)
      bench.run(lowerLayerNorm({ rows: 1, size, epsilon: 1e-5, centred }, { x: bench.floats(x), y }))
      expect(greatestError(bench.read(y, size), expected, 1)).toBeLessThan(1e-5)
    }
  })
})

describe('local response normalisation', () => {
  it(`1 to 40 channels, windows of 1 to 6 (seed ${seed})`, () => {
    for (let channels = 1; channels <= 40; channels++)
      for (const size of [1, 2, 3, 5, 6]) {
        bench.reset()
        const pixels = 3
        const x = values(pixels * channels)
        const [alpha, beta, bias] = [0.3, 0.75, 1.5]
        const expected = Float64Array.from(x, (v, i) => {
          const c = i % channels
          let squares = 0
          for (let j = c - Math.floor((size - 1) / 2); j <= c + Math.ceil((size - 1) / 2); j++)
            if (j >= 0 && j < channels) squares += x[i - c + j]! ** 2
          return v / (bias + (alpha / size) * squares) ** beta
        })
        const y = bench.result(x.length)
        bench.run(lowerLrn({ pixels, channels, size, alpha, beta, bias }, bench.floats(x), y), 1 + (channels % 3))
        expect(greatestError(bench.read(y, x.length), expected)).toBeLessThan(2e-6)
      }
  })
})
