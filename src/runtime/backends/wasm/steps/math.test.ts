import { describe, expect, it } from 'vitest'
import type { UnaryFunction } from '../engine/kernels.generated.ts'
import { hasRelaxedSimd } from '../engine/module.ts'
import { lowerUnary } from './elementwise.ts'
import { greatestError, StepBench } from './step-bench.node.ts'

/*
 * The kernels' functions against float64, relative to the value. The bounds are one and a half times what was measured, which
 * docs/decisions/0012 lists.
 */

const erfc = (x: number): number => {
  // Continued fraction of Laplace for the tail, the series near 0.
  if (x < 0) return 2 - erfc(-x)
  if (x < 2.5) {
    let term = x
    let sum = x
    for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
      term *= (2 * x * x) / (2 * n + 1)
      sum += term
    }
    return 1 - (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum
  }
  let f = x
  for (let n = 200; n > 0; n--) f = x + n / 2 / f
  return Math.exp(-x * x) / (f * Math.sqrt(Math.PI))
}
const erf = (x: number): number => {
  let term = x
  let sum = x
  if (Math.abs(x) > 2) return Math.sign(x) * (1 - erfc(Math.abs(x)))
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1)
    sum += term
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum
}

interface Case {
  readonly f: UnaryFunction
  readonly a?: number
  readonly b?: number
  readonly exact: (x: number) => number
  readonly from: number
  readonly to: number
  readonly bound: number
}

const logistic = (x: number) => 1 / (1 + Math.exp(-x))
const gelu = (x: number) => 0.5 * x * erfc(-x * Math.SQRT1_2)
const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))

const cases: readonly Case[] = [
  { f: 'exp', exact: Math.exp, from: -87, to: 88.7, bound: 1.2e-7 },
  { f: 'log', exact: Math.log, from: 1e-30, to: 3e38, bound: 1.2e-7 },
  { f: 'log', exact: Math.log, from: 0.3, to: 3, bound: 1.2e-7 },
  { f: 'sigmoid', exact: logistic, from: -80, to: 80, bound: 1.7e-7 },
  { f: 'tanh', exact: Math.tanh, from: -12, to: 12, bound: 2.2e-7 },
  { f: 'swish', a: 1, exact: (x) => x * logistic(x), from: -60, to: 60, bound: 2.1e-7 },
  { f: 'elu', a: 1.5, exact: (x) => (x < 0 ? 1.5 * Math.expm1(x) : x), from: -30, to: 2, bound: 1.9e-7 },
  {
    f: 'selu',
    a: 1.67,
    b: 1.05,
    exact: (x) => 1.05 * (x > 0 ? x : 1.67 * Math.expm1(x)),
    from: -30,
    to: 2,
    bound: 3e-7,
  },
  { f: 'celu', a: 2, exact: (x) => (x < 0 ? 2 * Math.expm1(x / 2) : x), from: -60, to: 2, bound: 1.2e-7 },
  { f: 'softplus', exact: softplus, from: -80, to: 80, bound: 2.3e-7 },
  { f: 'erf', exact: erf, from: -5, to: 5, bound: 2.4e-7 },
  { f: 'gelu', exact: gelu, from: -11.69, to: 11.69, bound: 9.5e-7 },
  { f: 'gelu', exact: gelu, from: 1e-30, to: 3e38, bound: 6e-7 },
  { f: 'gelu', exact: gelu, from: -1, to: 1, bound: 6e-7 },
  {
    f: 'geluTanh',
    exact: (x) => x * logistic(2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)),
    from: -5,
    to: 8,
    bound: 2.7e-6,
  },
  { f: 'mish', exact: (x) => x * Math.tanh(softplus(x)), from: -60, to: 60, bound: 3.2e-7 },
]

const variants = hasRelaxedSimd() ? (['simd', 'relaxed'] as const) : (['simd'] as const)

describe.each(variants)('functions of four floats, %s', (variant) => {
  const bench = new StepBench(1 << 20, variant)
  it.each(cases.map((c) => [`${c.f} on [${c.from}, ${c.to}]`, c] as const))('%s', (_, c) => {
    bench.reset()
    const count = 20011
    // Evenly spread; where the range spans many powers of two, evenly in the exponent.
    const geometric = c.from > 0 && c.to / c.from > 1e6
    const x = Float32Array.from({ length: count }, (_, i) => {
      const t = i / (count - 1)
      return geometric ? c.from * (c.to / c.from) ** t : c.from + (c.to - c.from) * t
    })
    const at = bench.floats(x)
    // Parameters are single precision in the kernel.
    const y = bench.result(count)
    bench.run(lowerUnary(c.f, at, y, count, c.a, c.b))
    const worst = greatestError(bench.read(y, count), Float64Array.from(x, c.exact))
    expect(worst).toBeLessThan(c.bound)
  })

  it('is right at the ends', () => {
    const at = (f: UnaryFunction, values: readonly number[], a = 0, b = 0) => {
      bench.reset()
      const y = bench.result(values.length)
      bench.run(lowerUnary(f, bench.floats(values), y, values.length, a, b))
      return [...bench.read(y, values.length)]
    }
    const ends = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, Number.NaN]
    expect(at('exp', [...ends, 100, -200])).toEqual([
      Number.POSITIVE_INFINITY,
      0,
      1,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      0,
    ])
    expect(at('log', [...ends, -1])).toEqual([
      Number.POSITIVE_INFINITY,
      Number.NaN,
      Number.NEGATIVE_INFINITY,
      Number.NaN,
      Number.NaN,
    ])
    // Subnormal numbers on either side.
    expect(at('exp', [-95])[0]).toBeCloseTo(Math.exp(-95), 44)
    expect(at('log', [1e-40])[0]).toBeCloseTo(Math.log(Math.fround(1e-40)), 4)
    expect(at('sigmoid', ends)).toEqual([1, 0, 0.5, Number.NaN])
    expect(at('tanh', ends)).toEqual([1, -1, 0, Number.NaN])
    expect(at('erf', ends)).toEqual([1, -1, 0, Number.NaN])
    // −∞·0 is no number.
    expect(at('gelu', [...ends, -0, 1e-40, -1e-40, 3e38, -20, -3e38])).toEqual([
      ...[Number.POSITIVE_INFINITY, Number.NaN, 0, Number.NaN, -0, ...[1e-40, -1e-40].map((x) => Math.fround(x / 2))],
      ...[Math.fround(3e38), 0, 0],
    ])
    // Tiny values are 0.
    expect(at('gelu', [-11.69, -11.71, -13.2])).toEqual([expect.closeTo(gelu(-11.69), 35), 0, 0])
    expect(at('geluTanh', [-10, -1000])).toEqual([-0, -0])
    expect(at('geluTanh', [...ends, -0, 3e38])).toEqual([
      ...[Number.POSITIVE_INFINITY, Number.NaN, 0, Number.NaN, -0, Math.fround(3e38)],
    ])
    expect(at('softplus', ends)).toEqual([Number.POSITIVE_INFINITY, 0, Math.fround(Math.LN2), Number.NaN])
    expect(at('clip', [...ends, 7, -7], -1, 6)).toEqual([6, -1, 0, Number.NaN, 6, -1])
    expect(at('leakyRelu', ends, 0.5)).toEqual([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, Number.NaN])
    expect(at('round', [0.5, 1.5, 2.5, -0.5, -1.5, 3.4999])).toEqual([0, 2, 2, -0, -2, 3])
    expect(at('sign', [3, -2, 0, Number.NEGATIVE_INFINITY])).toEqual([1, -1, 0, -1])
  })
})
