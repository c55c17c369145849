import { describe, expect, it } from 'vitest'
import { broadcastShapes, elementCount, seededRandom } from '../../../../base/index.ts'
import type { BinaryFunction, UnaryFunction } from '../engine/kernels.generated.ts'
import { lowerAffine, lowerBinary, lowerUnary, lowerWhere } from './elementwise.ts'
import { greatestError, StepBench } from './step-bench.node.ts'
import { broadcastTo } from './strides.ts'

const seed = 20260801
const random = seededRandom(seed)
const values = (n: number, spread = 2) => Float32Array.from({ length: n }, () => spread * random.normal())
const bench = new StepBench()

const exact: Partial<Record<UnaryFunction, (x: number) => number>> = {
  clip: (x) => Math.min(Math.max(x, 0.5), 1.25),
  leakyRelu: (x) => (x < 0 ? 0.5 * x : x),
  hardSigmoid: (x) => Math.max(0, Math.min(1, 0.5 * x + 1.25)),
  hardSwish: (x) => x * Math.max(0, Math.min(1, x / 6 + 0.5)),
  softsign: (x) => x / (1 + Math.abs(x)),
  sqrt: Math.sqrt,
  abs: Math.abs,
  neg: (x) => -x,
  reciprocal: (x) => 1 / x,
  floor: Math.floor,
  ceil: Math.ceil,
  sign: Math.sign,
  thresholdedRelu: (x) => (x > 0.5 ? x : 0),
  linear: (x) => 0.5 * x + 1.25,
}

describe('one operand', () => {
  it.each(Object.entries(exact))(`%s, every length to 40, in place, shared (seed ${seed})`, (name, f) => {
    for (let n = 1; n <= 40; n++)
      for (const threads of [1, 2, 3]) {
        bench.reset()
        const x = values(n)
        const at = bench.floats(x)
        bench.run(lowerUnary(name as UnaryFunction, at, at, n, 0.5, 1.25), threads)
        expect(greatestError(bench.read(at, n), Float64Array.from(x, f), 1e-3)).toBeLessThan(3e-7)
      }
  })

  it('truncates within bounds', () => {
    const x = [-9.5, -2, -1.75, -0.5, 0, 0.75, 1, 2.999, 9.5]
    const at = bench.floats(Float32Array.from(x))
    bench.run(lowerUnary('truncate', at, at, x.length, -3.5, 4))
    expect([...bench.read(at, x.length)].map((v) => v + 0)).toEqual([-3, -2, -1, 0, 0, 0, 1, 2, 4])
  })

  it('gives one result wherever an element lies', () => {
    const names: UnaryFunction[] = ['exp', 'tanh', 'gelu', 'softplus']
    for (const name of names) {
      bench.reset()
      const x = bench.floats(new Float32Array(23).fill(-0.7316))
      bench.run(lowerUnary(name, x, x, 23))
      expect(new Set(bench.read(x, 23)).size).toBe(1)
    }
  })
})

const functions: Record<BinaryFunction, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  min: Math.min,
  max: Math.max,
  prelu: (a, b) => (a < 0 ? a * b : a),
  pow: (a, b) => a ** b,
}

/** Straight from the definition of broadcasting. */
function broadcast(
  f: (a: number, b: number) => number,
  a: Float32Array,
  as: readonly number[],
  b: Float32Array,
  bs: readonly number[],
) {
  const shape = broadcastShapes(as, bs) as number[]
  const along = (own: readonly number[]) => {
    const strides = own.map((_, i) => own.slice(i + 1).reduce((p, d) => p * d, 1))
    return broadcastTo(own, strides, shape)
  }
  const [sa, sb] = [along(as), along(bs)]
  const count = elementCount(shape)!
  const y = Float64Array.from({ length: count }, (_, i) => {
    let rest = i
    let ia = 0
    let ib = 0
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const at = rest % shape[axis]!
      rest = Math.floor(rest / shape[axis]!)
      ia += at * sa[axis]!
      ib += at * sb[axis]!
    }
    return f(a[ia]!, b[ib]!)
  })
  return { shape, y }
}

const shapePairs: readonly (readonly [readonly number[], readonly number[]])[] = [
  ...Array.from({ length: 40 }, (_, i) => [[2, 3, i + 1], [i + 1]] as const),
  ...[1, 4, 17].map(
    (c) =>
      [
        [2, 5, 3, c],
        [2, 1, 1, c],
      ] as const,
  ),
  ...[1, 4, 17].map(
    (c) =>
      [
        [2, 5, 3, c],
        [2, 5, 3, 1],
      ] as const,
  ),
  [[37], [37]],
  [[4, 16], [1]],
  [[1], [4, 19]],
  [[], []],
  [
    [3, 1, 5],
    [1, 4, 1],
  ],
  [
    [2, 1, 3, 1, 2, 1, 3, 1],
    [1, 2, 1, 2, 1, 2, 1, 5],
  ],
  [
    [100, 7],
    [100, 7],
  ],
  [[100, 3], [3]],
]

describe('two operands', () => {
  it.each(Object.entries(functions))(`%s over ${shapePairs.length} pairs of shapes (seed ${seed})`, (name, f) => {
    for (const [as, bs] of shapePairs)
      for (const swap of [false, true])
        for (const threads of [1, 3]) {
          bench.reset()
          const [sa, sb] = swap ? [bs, as] : [as, bs]
          const positive = name === 'pow' ? Math.abs : (v: number) => v
          const a = values(elementCount(sa)!).map(positive)
          const b = values(elementCount(sb)!)
          const { shape, y: expected } = broadcast(f, a, sa, b, sb)
          const y = bench.result(expected.length)
          const steps = lowerBinary(
            name as BinaryFunction,
            { address: bench.floats(a), shape: sa },
            { address: bench.floats(b), shape: sb },
            y,
            shape,
          )
          bench.run(steps, threads)
          expect(greatestError(bench.read(y, expected.length), expected), `[${sa}] and [${sb}]`).toBeLessThan(3e-7)
        }
  })

  it('clamps, in place, with strides of its own', () => {
    bench.reset()
    const a = bench.floats([-3, -1, 1, 3])
    // Every other element of b.
    const b = bench.floats([1, 99, 2, 99, 3, 99, 4, 99])
    bench.run(
      lowerBinary('add', { address: a, shape: [2, 2] }, { address: b, shape: [2, 2], strides: [4, 2] }, a, [2, 2], {
        lo: 0,
        hi: 6,
      }),
    )
    expect([...bench.read(a, 4)]).toEqual([0, 1, 4, 6])
  })

  it('does nothing for tensors without elements', () => {
    expect(lowerBinary('add', { address: 0, shape: [0, 3] }, { address: 0, shape: [3] }, 0, [0, 3])).toEqual([])
    expect(lowerUnary('exp', 0, 0, 0)).toEqual([])
  })
})

describe('a choice between two operands by the sign of a third', () => {
  it(`over ${shapePairs.length} pairs of shapes, each operand of either (seed ${seed})`, () => {
    for (const [one, other] of shapePairs)
      for (let which = 0; which < 8; which++)
        for (const threads of [1, 3]) {
          bench.reset()
          const shapes = [0, 1, 2].map((i) => ((which >> i) & 1 ? other : one))
          const shape = shapes.reduce((a, b) => broadcastShapes(a, b) as number[])
          const [s, a, b] = shapes.map((own) => values(elementCount(own)!)) as [
            Float32Array,
            Float32Array,
            Float32Array,
          ]
          // In one number for the test's own broadcasting: which of s, then of a and b.
          const places = shapes.map((own) => Float32Array.from({ length: elementCount(own)! }, (_, i) => i))
          const index = (i: number) =>
            broadcast(
              (x) => x,
              places[i] as Float32Array,
              shapes[i] as number[],
              new Float32Array(elementCount(shape)!),
              shape,
            ).y
          const [si, ai, bi] = [index(0), index(1), index(2)]
          const expected = Float64Array.from(si, (at, i) => (s[at]! > 0 ? a[ai[i]!] : b[bi[i]!])!)
          const y = bench.result(expected.length)
          const [sAt, aAt, bAt] = [s, a, b].map((v, i) => ({ address: bench.floats(v), shape: shapes[i] as number[] }))
          bench.run(lowerWhere(sAt as never, aAt as never, bAt as never, y, shape), threads)
          expect(greatestError(bench.read(y, expected.length), expected), `[${shapes.join('], [')}]`).toBe(0)
        }
  })

  it('takes the second where the first is 0 or no number, and works in place', () => {
    bench.reset()
    const s = bench.floats([1, 0, -0, -1, Number.NaN, 2, Number.POSITIVE_INFINITY])
    const shape = [7]
    bench.run(
      lowerWhere(
        { address: s, shape },
        { address: bench.floats([5]), shape: [1] },
        { address: bench.floats([6]), shape: [1] },
        s,
        shape,
      ),
    )
    expect([...bench.read(s, 7)]).toEqual([5, 6, 6, 6, 6, 5, 5])
    expect(
      lowerWhere({ address: 0, shape: [0] }, { address: 0, shape: [1] }, { address: 0, shape: [1] }, 0, [0]),
    ).toEqual([])
  })
})

describe('scale and bias per channel', () => {
  it.each([false, true])(`1 to 40 channels, per sample: %s (seed ${seed})`, (perSample) => {
    for (let channels = 1; channels <= 40; channels++)
      for (const threads of [1, 2]) {
        bench.reset()
        const [batch, rows] = [2, 5]
        const x = values(batch * rows * channels)
        const scale = values((perSample ? batch : 1) * channels)
        const bias = values(scale.length)
        const expected = Float64Array.from(x, (v, i) => {
          const c = (i % channels) + (perSample ? Math.floor(i / rows / channels) * channels : 0)
          return Math.min(Math.max(v * scale[c]! + bias[c]!, -2), 3)
        })
        const at = bench.floats(x)
        const sizes = { batch, rows, channels }
        bench.run(
          lowerAffine(at, at, bench.floats(scale), bench.floats(bias), sizes, { perSample, lo: -2, hi: 3 }),
          threads,
        )
        expect(greatestError(bench.read(at, x.length), expected, 1)).toBeLessThan(1e-6)
      }
  })
})
