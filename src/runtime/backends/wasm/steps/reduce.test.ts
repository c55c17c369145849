import { describe, expect, it } from 'vitest'
import { elementCount, seededRandom, stridesOf } from '../../../../base/index.ts'
import { lowerReduce, type Reduction } from './reduce.ts'
import { greatestError, StepBench } from './step-bench.node.ts'

const seed = 20260804
const random = seededRandom(seed)
const bench = new StepBench(1 << 25)

const functions: Readonly<Record<Reduction, (values: readonly number[]) => number>> = {
  sum: (v) => v.reduce((a, b) => a + b, 0),
  mean: (v) => v.reduce((a, b) => a + b, 0) / v.length,
  max: (v) => Math.max(...v),
  min: (v) => Math.min(...v),
  prod: (v) => v.reduce((a, b) => a * b, 1),
  sumSquare: (v) => v.reduce((a, b) => a + b * b, 0),
  l1: (v) => v.reduce((a, b) => a + Math.abs(b), 0),
  l2: (v) => Math.hypot(...v),
  logSum: (v) => Math.log(v.reduce((a, b) => a + b, 0)),
}

function reduced(
  f: (values: readonly number[]) => number,
  x: Float32Array,
  shape: readonly number[],
  axes: readonly number[],
): number[] {
  const strides = stridesOf(shape)
  const kept = shape.map((d, axis) => (axes.includes(axis) ? 1 : d))
  const keptStrides = stridesOf(kept)
  const sets = Array.from({ length: elementCount(kept)! }, (): number[] => [])
  x.forEach((v, i) => {
    let at = 0
    shape.forEach((d, axis) => {
      if (!axes.includes(axis)) at += (Math.floor(i / strides[axis]!) % d) * keptStrides[axis]!
    })
    sets[at]?.push(v)
  })
  return sets.map(f)
}

describe.each(Object.entries(functions))('%s', (name, f) => {
  const check = (shape: readonly number[], axes: readonly number[], threads: number) => {
    bench.reset()
    // Around 1, so that neither products nor logarithms run away.
    const x = Float32Array.from({ length: elementCount(shape)! }, () => 1 + 0.3 * random.uniform() - 0.1)
    const expected = reduced(f, x, shape, axes)
    const y = bench.result(expected.length)
    bench.run(lowerReduce(name as Reduction, bench.floats(x), y, shape, axes, bench), threads)
    expect(greatestError(bench.read(y, expected.length), expected, 0.1), `[${shape}] over [${axes}]`).toBeLessThan(3e-6)
  }

  it(`over space, 1 to 40 channels (seed ${seed})`, () => {
    for (let c = 1; c <= 40; c++) check([2, 3, 5, c], [1, 2], 1 + (c % 3))
  })

  it(`over the last axis, 1 to 40 long (seed ${seed})`, () => {
    for (let c = 1; c <= 40; c++) check([3, 5, c], [2], 1 + (c % 3))
  })

  it('over any axes', () => {
    for (const axes of [[0], [1], [0, 1], [0, 2], [1, 3], [0, 1, 2, 3], [], [0, 2, 3], [0, 1, 3]])
      for (const threads of [1, 2]) check([2, 3, 4, 5], axes, threads)
    check([20, 3, 1, 7, 2], [1, 3], 2)
    check([], [], 1)
  })
})

describe('sums of many elements', () => {
  it.each([
    ['over rows', [1, 50000, 3], [1]],
    ['over the last axis', [1, 150000], [1]],
  ])('%s stay accurate', (_, shape, axes) => {
    bench.reset()
    const x = Float32Array.from({ length: elementCount(shape)! }, () => random.uniform())
    const expected = reduced(functions.mean, x, shape, axes)
    const y = bench.result(expected.length)
    bench.run(lowerReduce('mean', bench.floats(x), y, shape, axes, bench))
    expect(greatestError(bench.read(y, expected.length), expected)).toBeLessThan(2e-6)
  })
})

describe('nothing to reduce', () => {
  it('gives the neutral element', () => {
    bench.reset()
    const y = bench.result(3)
    bench.run(lowerReduce('prod', 0, y, [3, 0], [1], bench))
    expect([...bench.read(y, 3)]).toEqual([1, 1, 1])
    bench.run(lowerReduce('max', 0, y, [3, 0], [1], bench))
    expect([...bench.read(y, 3)]).toEqual(new Array(3).fill(Number.NEGATIVE_INFINITY))
  })
})
