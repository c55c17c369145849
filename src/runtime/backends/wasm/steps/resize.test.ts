import { describe, expect, it } from 'vitest'
import { elementCount, seededRandom, stridesOf } from '../../../../base/index.ts'
import { lowerResize, type Taps } from './resize.ts'
import { greatestError, StepBench } from './step-bench.node.ts'

const seed = 20260806
const random = seededRandom(seed)
const bench = new StepBench()

/** Random taps whose weights sum to 1, along one axis. */
const tables = (from: number, to: number, taps: number): Taps[] =>
  Array.from({ length: to }, () => {
    const weights = Array.from({ length: taps }, () => random.uniform() + 0.1)
    const sum = weights.reduce((a, b) => a + b, 0)
    return weights.map((w) => ({ index: random.below(from), weight: w / sum }))
  })

/** Axis by axis in float64. */
function resampled(
  x: ArrayLike<number>,
  shape: readonly number[],
  axes: ReadonlyMap<number, readonly Taps[]>,
): Float64Array {
  let values = Float64Array.from(x)
  const sizes = [...shape]
  for (const [axis, all] of axes) {
    const inner = stridesOf(sizes)[axis]!
    const size = sizes[axis]!
    const outer = elementCount(sizes)! / inner / size
    const next = new Float64Array(outer * all.length * inner)
    for (let o = 0; o < outer; o++)
      all.forEach((taps, j) => {
        for (let i = 0; i < inner; i++)
          for (const { index, weight } of taps)
            next[(o * all.length + j) * inner + i]! += weight * values[(o * size + index) * inner + i]!
      })
    values = next
    sizes[axis] = all.length
  }
  return values
}

const check = (
  shape: readonly number[],
  axes: ReadonlyMap<number, readonly Taps[]>,
  threads: number,
  kernels: readonly string[],
) => {
  bench.reset()
  const x = Float32Array.from({ length: elementCount(shape)! }, random.normal)
  const expected = resampled(x, shape, axes)
  const y = bench.result(expected.length)
  const steps = lowerResize(bench.floats(x), y, shape, axes, bench)
  expect(steps.map((s) => s.kernel)).toEqual(kernels)
  bench.run(steps, threads)
  expect(greatestError(bench.read(y, expected.length), expected, 1)).toBeLessThan(2e-6)
}

describe(`resizing, 1 to 40 channels, on 1 to 3 threads (seed ${seed})`, () => {
  const channels = Array.from({ length: 40 }, (_, i) => i + 1)

  it('nearest neighbours are gathered', () => {
    for (const c of channels)
      check(
        [2, 3, 4, c],
        new Map([
          [1, tables(3, 7, 1)],
          [2, tables(4, 3, 1)],
        ]),
        1 + (c % 3),
        ['gatherF32'],
      )
  })

  it('two points along two neighbouring axes are one step', () => {
    for (const c of channels)
      check(
        [2, 3, 4, c],
        new Map([
          [1, tables(3, 7, 2)],
          [2, tables(4, 3, 2)],
        ]),
        1 + (c % 3),
        ['resizeLinearF32'],
      )
  })

  it('more points, one axis or three go axis by axis', () => {
    for (const c of channels) {
      check(
        [2, 3, 4, c],
        new Map([
          [1, tables(3, 7, 4)],
          [2, tables(4, 3, 4)],
        ]),
        1 + (c % 3),
        ['resampleF32', 'resampleF32'],
      )
      check([2, 9, c], new Map([[1, tables(9, 4, 2)]]), 1 + (c % 3), ['resampleF32'])
      // Axes in the middle and at the end, as in ONNX's layout.
      check(
        [2, c, 3, 4],
        new Map([
          [1, tables(c, 5, 3)],
          [3, tables(4, 6, 2)],
        ]),
        1 + (c % 3),
        ['resampleF32', 'resampleF32'],
      )
    }
    check(
      [1, 2, 3, 4, 5],
      new Map([
        [1, tables(2, 4, 2)],
        [2, tables(3, 4, 2)],
        [3, tables(4, 2, 2)],
      ]),
      2,
      ['resampleF32', 'resampleF32', 'resampleF32'],
    )
  })

  it('taps of weight 0 and of the same element cost nothing', () => {
    const same: Taps[] = [0, 1, 2, 2].map((i) => [
      { index: i, weight: 0.25 },
      { index: i, weight: 0.75 },
      { index: (i + 1) % 3, weight: 0 },
    ])
    check(
      [1, 3, 3, 5],
      new Map([
        [1, same],
        [2, same],
      ]),
      1,
      ['gatherF32'],
    )
  })
})
