import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../../../base/index.ts'
import { lowerPool, type PoolLayer } from './pool.ts'
import { greatestError, StepBench } from './step-bench.node.ts'

const seed = 20260803
const random = seededRandom(seed)
const bench = new StepBench()

/** Straight from the definition, channels last. */
function reference(layer: PoolLayer, x: Float32Array): Float64Array {
  const { batch, channels, input, output, kernel, average } = layer
  const pixels = (sizes: readonly number[]) => sizes.reduce((p, d) => p * d, 1)
  const unravel = (i: number, sizes: readonly number[]) => {
    const index = [...sizes]
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      index[axis] = i % sizes[axis]!
      i = Math.floor(i / sizes[axis]!)
    }
    return index
  }
  const y = new Float64Array(batch * pixels(output) * channels)
  for (let n = 0; n < batch; n++)
    for (let o = 0; o < pixels(output); o++)
      for (let c = 0; c < channels; c++) {
        const place = unravel(o, output)
        let best = Number.NEGATIVE_INFINITY
        let sum = 0
        let divisor = 0
        for (let k = 0; k < pixels(kernel); k++) {
          const at = unravel(k, kernel).map(
            (tap, axis) => place[axis]! * layer.strides[axis]! - layer.padBegins[axis]! + tap * layer.dilations[axis]!,
          )
          const inside = at.every((i, axis) => i >= 0 && i < input[axis]!)
          const padded = at.every((i, axis) => i < input[axis]! + layer.padEnds[axis]!)
          if (inside || (layer.countIncludePad && padded)) divisor++
          if (!inside) continue
          const pixel = at.reduce((p, i, axis) => p * input[axis]! + i, n)
          const value = x[pixel * channels + c]!
          // The first of equals, 0 and −0 among them.
          if (value > best || Number.isNaN(value)) best = value
          sum += value
        }
        y[(n * pixels(output) + o) * channels + c] = average ? sum / divisor : best
      }
  return y
}

type Window = Pick<PoolLayer, 'input' | 'kernel'> & Partial<PoolLayer> & { ceil?: boolean }

function complete({ ceil = false, ...w }: Window): PoolLayer {
  const axes = w.input.map((_, i) => i)
  const strides = w.strides ?? axes.map(() => 1)
  const dilations = w.dilations ?? axes.map(() => 1)
  const padBegins = w.padBegins ?? axes.map(() => 0)
  const padEnds = w.padEnds ?? padBegins
  const output = axes.map((i) => {
    const room = w.input[i]! + padBegins[i]! + padEnds[i]! - (w.kernel[i]! - 1) * dilations[i]! - 1
    return (ceil ? Math.ceil : Math.floor)(room / strides[i]!) + 1
  })
  return {
    batch: 2,
    channels: 5,
    average: false,
    countIncludePad: false,
    ...w,
    strides,
    dilations,
    padBegins,
    padEnds,
    output,
  }
}

/** All bits: NaN as one, −0 apart from 0. */
const same = (a: ArrayLike<number>, b: ArrayLike<number>): boolean =>
  a.length === b.length && Array.prototype.every.call(a, (v: number, i: number) => Object.is(v, b[i]))

const windows: readonly (readonly [string, Window])[] = [
  ['3×3, stride 2, padding 1', { input: [7, 9], kernel: [3, 3], strides: [2, 2], padBegins: [1, 1] }],
  ['2×2, stride 2, ceiling', { input: [5, 7], kernel: [2, 2], strides: [2, 2], ceil: true }],
  [
    '3×3, stride 2, padding 1, ceiling',
    { input: [6, 6], kernel: [3, 3], strides: [2, 2], padBegins: [1, 1], ceil: true },
  ],
  ['dilated', { input: [9, 8], kernel: [3, 2], dilations: [2, 3], padBegins: [2, 1] }],
  ['unequal padding', { input: [6, 5], kernel: [3, 2], padBegins: [2, 0], padEnds: [1, 1] }],
  ['of everything', { input: [7, 7], kernel: [7, 7] }],
  ['one axis', { input: [11], kernel: [4], strides: [3], padBegins: [2] }],
  [
    'three axes',
    { input: [4, 5, 6], kernel: [2, 3, 2], strides: [1, 2, 2], padBegins: [1, 1, 0], dilations: [2, 1, 1] },
  ],
]

describe.each(['maximum', 'mean', 'mean with the padding'])('%s', (kind) => {
  const check = (window: Window, threads: number) => {
    bench.reset()
    const layer = complete({
      ...window,
      average: kind !== 'maximum',
      countIncludePad: kind === 'mean with the padding',
    })
    const x = Float32Array.from(
      { length: layer.batch * layer.input.reduce((p, d) => p * d, 1) * layer.channels },
      random.normal,
    )
    const expected = reference(layer, x)
    const y = bench.result(expected.length)
    bench.run(lowerPool(layer, bench.floats(x), y, bench), threads)
    expect(greatestError(bench.read(y, expected.length), expected, 1)).toBeLessThan(1e-6)
  }

  it.each(windows)(`%s (seed ${seed})`, (_, window) => {
    for (const threads of [1, 2, 3]) check(window, threads)
  })

  it(`1 to 40 channels (seed ${seed})`, () => {
    for (let channels = 1; channels <= 40; channels++)
      check({ input: [5, 5], kernel: [3, 3], strides: [2, 2], padBegins: [1, 1], channels }, 1 + (channels % 3))
  })
})

describe('what is no finite number', () => {
  it.each([
    ...windows,
    ['2×2, stride 3', { input: [7, 8], kernel: [2, 2], strides: [3, 3] }] as const,
    ['3×3, stride 1, 20 channels', { input: [5, 6], kernel: [3, 3], padBegins: [1, 1], channels: 20 }] as const,
    ['rows that threads share', { input: [40, 3], kernel: [3, 2], strides: [2, 1], padBegins: [1, 0] }] as const,
  ])('has its place in the maximum, wherever it stands: %s', (_, window) => {
    const layer = complete({ batch: 2, ...window })
    const count = layer.batch * layer.input.reduce((p, d) => p * d, 1) * layer.channels
    const plain = Float32Array.from({ length: count }, random.normal)
    const kinds = [[Number.NaN], [Infinity, -Infinity], [-Infinity], [0, -0], [Number.NaN, Number.NaN, Infinity]]
    for (let turn = 0; turn < 30; turn++) {
      const x = plain.map((v) => (turn % 5 === 3 ? Math.min(v, -0) : v))
      for (const value of kinds[turn % 5]!) x[random.below(count)] = value
      const expected = Float32Array.from(reference(layer, x))
      for (const threads of [1, 3]) {
        bench.reset()
        const y = bench.result(expected.length)
        bench.run(lowerPool(layer, bench.floats(x), y, bench), threads)
        expect(same(bench.read(y, expected.length), expected), `turn ${turn}, ${threads} threads`).toBe(true)
      }
    }
  })
})
