import { describe, expect, it } from 'vitest'
import { elementCount, seededRandom, stridesOf } from '../../../../base/index.ts'
import { convertLayout } from './convert.ts'
import { lowerCopy, lowerFill, lowerGather, lowerPad, lowerTranspose } from './layout.ts'
import { firstDifference, StepBench } from './step-bench.node.ts'
import { memoryAxes } from './strides.ts'

const seed = 20260802
const random = seededRandom(seed)
const bench = new StepBench()
const numbers = (n: number) => Float32Array.from({ length: n }, (_, i) => i + 1)

/** Every index of a shape, row-major. */
function* indices(shape: readonly number[]): Generator<number[]> {
  const count = elementCount(shape)!
  const strides = stridesOf(shape)
  for (let i = 0; i < count; i++) yield shape.map((d, axis) => Math.floor(i / strides[axis]!) % d)
}

const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, v, i) => sum + v * b[i]!, 0)

function transposed(x: Float32Array, shape: readonly number[], perm: readonly number[]): number[] {
  const strides = stridesOf(shape)
  const own = perm.map((p) => strides[p]!)
  return [...indices(perm.map((p) => shape[p]!))].map((index) => x[dot(index, own)]!)
}

const permutations = (n: number): number[][] =>
  n === 0
    ? [[]]
    : permutations(n - 1).flatMap((p) => Array.from({ length: n }, (_, i) => [...p.slice(0, i), n - 1, ...p.slice(i)]))

describe('transposes', () => {
  it('of matrices with 1 to 40 rows and columns, on 1 to 3 threads', () => {
    for (let rows = 1; rows <= 40; rows++)
      for (let columns = 1; columns <= 40; columns += 1 + (rows % 3))
        for (const threads of [1, 2, 3]) {
          bench.reset()
          const x = numbers(2 * rows * columns)
          const y = bench.result(x.length)
          bench.run(lowerTranspose(bench.floats(x), y, [2, rows, columns], [0, 2, 1]), threads)
          expect(firstDifference(bench.read(y, x.length), transposed(x, [2, rows, columns], [0, 2, 1]))).toBe(-1)
        }
  })

  it.each(
    [
      [2, 3],
      [3, 4, 5],
      [2, 5, 3, 6],
      [2, 3, 4, 2, 5],
    ].map((s) => [s]),
  )('of shape %j in every order of axes', (shape) => {
    for (const perm of permutations(shape.length)) {
      bench.reset()
      const x = numbers(elementCount(shape)!)
      const y = bench.result(x.length)
      bench.run(lowerTranspose(bench.floats(x), y, shape, perm), 1 + perm[0]!)
      expect(firstDifference(bench.read(y, x.length), transposed(x, shape, perm)), `${perm}`).toBe(-1)
    }
  })

  it(`of eight axes in random orders (seed ${seed})`, () => {
    const shape = [2, 3, 1, 2, 2, 3, 2, 2]
    for (let run = 0; run < 20; run++) {
      bench.reset()
      const perm = shape
        .map((_, i) => ({ i, key: random.uniform() }))
        .sort((a, b) => a.key - b.key)
        .map(({ i }) => i)
      const x = numbers(elementCount(shape)!)
      const y = bench.result(x.length)
      bench.run(lowerTranspose(bench.floats(x), y, shape, perm), 2)
      expect(firstDifference(bench.read(y, x.length), transposed(x, shape, perm)), `${perm}`).toBe(-1)
    }
  })

  it.each([[[2, 7, 5, 3]], [[1, 3, 17, 19]], [[2, 5, 9]], [[1, 4, 2, 3, 5]], [[2, 1, 4, 4]]])(
    'between layouts, %j',
    (shape) => {
      bench.reset()
      const x = numbers(elementCount(shape)!)
      const from = { address: bench.floats(x), shape, layout: 'plain' as const, pixel: shape[1]! }
      const there = { address: bench.result(x.length), shape, layout: 'channelsLast' as const, pixel: shape[1]! }
      const back = { address: bench.result(x.length), shape, layout: 'plain' as const, pixel: shape[1]! }
      bench.run([...convertLayout(from, there), ...convertLayout(there, back)], 2)
      expect([...bench.read(there.address, x.length)]).toEqual(
        transposed(x, shape, memoryAxes(shape.length, 'channelsLast')),
      )
      expect(bench.read(back.address, x.length)).toEqual(x)
    },
  )
})

describe('copies with strides', () => {
  const check = (
    sizes: readonly number[],
    xStrides: readonly number[],
    from: number,
    yStrides: readonly number[],
    threads: number,
  ) => {
    bench.reset()
    const reach = (strides: readonly number[]) =>
      sizes.reduce((sum, d, i) => sum + Math.max(0, strides[i]! * (d - 1)), 0) + 1
    const x = numbers(from + reach(xStrides))
    const count = reach(yStrides)
    const y = bench.floats(new Float32Array(count))
    const expected = new Float32Array(count)
    for (const index of indices(sizes)) expected[dot(index, yStrides)] = x[from + dot(index, xStrides)]!
    bench.run(lowerCopy({ x: bench.floats(x) + 4 * from, y, sizes, xStrides, yStrides }), threads)
    expect(firstDifference(bench.read(y, count), expected), `${sizes}; ${xStrides}; ${yStrides}`).toBe(-1)
  }

  it('of runs of 1 to 40, and of long ones', () => {
    for (const n of [...Array.from({ length: 40 }, (_, i) => i + 1), 255, 256, 300])
      for (const threads of [1, 2, 3]) {
        // A part of every row (Slice, Split), into a part of every row (Concat).
        check([2, 9, n], [20 * n, 2 * n, 1], 3, [9 * (n + 2), n + 2, 1], threads)
        // Repeated (Expand), every other one (Slice), backwards.
        check([3, n], [1, 0], 0, [n, 1], threads)
        check([3, n], [2 * n, 2], 1, [n, 1], threads)
        check([3, n], [n, -1], n - 1, [n, 1], threads)
        check([n], [1], 0, [3], threads)
      }
  })

  it('of six axes and more', () => {
    check([2, 3, 2, 2, 3, 5], [1000, 7, 300, 43, 0, 1], 2, stridesOf([2, 3, 2, 2, 3, 5]), 2)
    check([2, 2, 2, 2, 2, 2, 2, 3], [1, 1000, 2, 300, 4, 43, 9, 0], 2, stridesOf([2, 2, 2, 2, 2, 2, 2, 3]), 2)
  })

  it('fills, on 1 to 3 threads', () => {
    for (let n = 1; n <= 40; n++) {
      bench.reset()
      const y = bench.result(n)
      bench.run(lowerFill(y, n, 2.5), 1 + (n % 3))
      expect([...bench.read(y, n)]).toEqual(new Array(n).fill(2.5))
    }
    expect(lowerFill(0, 0, 1)).toEqual([])
    expect(lowerCopy({ x: 0, y: 0, sizes: [2, 0], xStrides: [1, 1], yStrides: [1, 1] })).toEqual([])
  })
})

describe('gathers', () => {
  const check = (shape: readonly number[], tables: ReadonlyMap<number, readonly number[]>, threads: number) => {
    bench.reset()
    const x = numbers(elementCount(shape)!)
    const sizes = shape.map((d, axis) => tables.get(axis)?.length ?? d)
    const strides = stridesOf(shape)
    const expected = [...indices(sizes)].map(
      (index) =>
        x[
          dot(
            index.map((i, axis) => tables.get(axis)?.[i] ?? i),
            strides,
          )
        ],
    )
    const y = bench.result(expected.length)
    bench.run(lowerGather(bench.floats(x), y, shape, tables, bench), threads)
    expect(firstDifference(bench.read(y, expected.length), expected as number[])).toBe(-1)
  }

  it('along one axis, two neighbours, two apart, three, none', () => {
    for (let channels = 1; channels <= 40; channels++)
      for (const threads of [1, 2, 3]) {
        check(
          [2, 3, 4, channels],
          new Map([
            [1, [0, 0, 2, 1, 2]],
            [2, [3, 0, 1, 1]],
          ]),
          threads,
        )
        check(
          [2, 3, channels],
          new Map([[2, Array.from({ length: 2 * channels }, (_, i) => (i * 7) % channels)]]),
          threads,
        )
      }
    check(
      [3, 2, 4, 5],
      new Map([
        [0, [2, 2, 0]],
        [2, [3, 1]],
      ]),
      2,
    )
    check(
      [3, 2, 4, 5],
      new Map([
        [1, [1, 0, 1]],
        [2, [3, 1]],
        [3, [4, 0, 4, 0, 1, 2]],
      ]),
      2,
    )
    check([3, 2], new Map(), 2)
  })
})

describe('padding', () => {
  // By the names of numpy.pad, whose rules ONNX's modes follow.
  it.each([
    ['constant', [9, 9, 1, 2, 3, 9]],
    ['edge', [1, 1, 1, 2, 3, 3]],
    ['reflect', [3, 2, 1, 2, 3, 2]],
    ['wrap', [2, 3, 1, 2, 3, 1]],
  ] as const)('%s', (mode, expected) => {
    bench.reset()
    const y = bench.result(6)
    bench.run(lowerPad({ x: bench.floats([1, 2, 3]), y, shape: [3], begins: [2], ends: [1], mode, value: 9 }, bench))
    expect([...bench.read(y, 6)]).toEqual(expected)
  })

  it('cuts where it is negative, on several axes', () => {
    bench.reset()
    const y = bench.result(12)
    const x = bench.floats([1, 2, 3, 4, 5, 6, 7, 8, 9])
    bench.run(lowerPad({ x, y, shape: [3, 3], begins: [-1, 1], ends: [1, 0], mode: 'constant', value: 0 }, bench), 2)
    expect([...bench.read(y, 12)]).toEqual([0, 4, 5, 6, 0, 7, 8, 9, 0, 0, 0, 0])
  })

  it('reflects further than the axis is long, and one element', () => {
    bench.reset()
    const y = bench.result(11)
    bench.run(
      lowerPad({ x: bench.floats([1, 2, 3]), y, shape: [3], begins: [5], ends: [3], mode: 'reflect', value: 0 }, bench),
    )
    expect([...bench.read(y, 11)]).toEqual([2, 1, 2, 3, 2, 1, 2, 3, 2, 1, 2])
    bench.run(
      lowerPad({ x: bench.floats([7]), y, shape: [1], begins: [1], ends: [1], mode: 'reflect', value: 0 }, bench),
    )
    expect([...bench.read(y, 3)]).toEqual([7, 7, 7])
  })
})
