import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Polynomial } from '../base/index.ts'
import { GraphBuilder, lazyTensor } from '../graph/index.ts'
import { evaluateFormulas, formulas } from './formulas.ts'
import { profileModel } from './profile.ts'

interface Sizes {
  readonly H: number
  readonly W: number
  readonly from: number
  readonly to: number
  /** Odd, so that padding keeps the size. */
  readonly k: number
  readonly g: number
  readonly t: number
  /** r = part / of. */
  readonly part: number
  readonly of: number
}

/** The design of one row as a real graph: its convolutions in a chain. */
function block(key: string, s: Sizes) {
  const b = new GraphBuilder(key)
  let value = b.input('x', 'float32', [1, key === 'depthwise-wide' ? s.t * s.from : s.from, s.H, s.W])
  const layer = (opType: string, inChannels: number, outChannels: number, k: number, group = 1) => {
    const shape = [outChannels, inChannels / group, k, k]
    const w = b.constant(
      `w${b.model().graph.initializers.size}`,
      lazyTensor('float32', shape, () => []),
    )
    const pads = new Array<number>(4).fill((k - 1) / 2)
    value = b.node(
      opType,
      [value, w],
      { group, pads, kernel_shape: [k, k] },
      { domain: opType === 'Conv' ? '' : 'ai.kerf' },
    )
  }
  const { from, to, k, t } = s
  const partial = (from * s.part) / s.of
  /** The first channels are convolved, the others joined again untouched. */
  const partially = () => {
    const sizes = b.ints('sizes', [partial, from - partial])
    const whole = value
    const rest = 'rest'
    value = b.node('Split', [whole, sizes], { axis: 1 }, { outputs: ['first', rest] })
    layer('Conv', partial, partial, k)
    value = b.node('Concat', [value, rest], { axis: 1 })
  }
  const designs: Record<string, () => void> = {
    regular: () => layer('Conv', from, to, k),
    adder: () => layer('AdderConv', from, to, k),
    grouped: () => layer('Conv', from, to, k, s.g),
    depthwise: () => layer('Conv', from, from, k, from),
    'depthwise-wide': () => layer('Conv', t * from, t * from, k, t * from),
    pointwise: () => layer('Conv', from, to, 1),
    separable: () => {
      layer('Conv', from, from, k, from)
      layer('Conv', from, to, 1)
    },
    'inverted-bottleneck': () => {
      layer('Conv', from, t * from, 1)
      layer('Conv', t * from, t * from, k, t * from)
      layer('Conv', t * from, to, 1)
    },
    partial: partially,
    fasternet: () => {
      partially()
      layer('Conv', from, 2 * from, 1)
      layer('Conv', 2 * from, from, 1)
    },
  }
  const design = designs[key.replace('-fused', '')]
  if (!design) throw new Error(`no design for ${key}`)
  design()
  b.output(value)
  return b.model()
}

/** What the layer-by-layer counter says about the convolutions of that graph. */
function counted(key: string, sizes: Sizes) {
  const profile = profileModel(block(key, sizes), { fused: key.endsWith('-fused') })
  expect(profile.unsupported).toEqual([])
  const convolutions = profile.layers.filter((l) => l.op.includes('Conv'))
  const sum = (pick: (l: (typeof convolutions)[number]) => number | null) =>
    convolutions.reduce((total, l) => total + pick(l)!, 0)
  return {
    adds: sum((l) => l.adds),
    muls: sum((l) => l.muls),
    macs: sum((l) => l.macs),
    params: sum((l) => l.params),
    accesses: sum((l) => l.reads) + sum((l) => l.writes),
  }
}

const valuesOf = ({ H, W, from, to, k, g, t, part, of }: Sizes, general: boolean) => ({
  H,
  W,
  ...(general ? { C_in: from, C_out: to } : { C: from }),
  k,
  g,
  t,
  r: Polynomial.constant(part).over(of),
})

describe('formulas', () => {
  const keys = formulas().map((f) => f.key)

  it('are these', () => {
    expect(formulas().map((f) => [f.name, f.costs.adds.toShortString(), f.costs.accesses.toShortString()])).toEqual([
      ['regular', 'HWk²C²', '2HWC + k²C²'],
      ['adder', '2HWk²C²', '2HWC + k²C²'],
      ['grouped', 'HWk²C²/g', '2HWC + k²C²/g'],
      ['depthwise', 'HWk²C', '2HWC + k²C'],
      ['depthwise at tC', 'HWk²tC', '2HWtC + k²tC'],
      ['pointwise', 'HWC²', '2HWC + C²'],
      ['separable, unfused', 'HWk²C + HWC²', '4HWC + k²C + C²'],
      ['separable, fused', 'HWk²C + HWC²', '2HWC + k²C + C²'],
      ['inverted bottleneck', '2HWtC² + HWk²tC', '2HWC + 4HWtC + 2tC² + k²tC'],
      ['partial', 'HWk²r²C²', '2HWrC + k²r²C²'],
      ['FasterNet block', 'HWk²r²C² + 4HWC²', '2HWrC + 6HWC + k²r²C² + 4C²'],
    ])
  })

  it.each(keys)('agree with the counter: %s, random sizes', (key) => {
    const size = fc.integer({ min: 1, max: 12 })
    const sizes = fc
      .record({
        H: size,
        W: size,
        a: size,
        b: size,
        g: size,
        half: fc.integer({ min: 0, max: 3 }),
        t: fc.integer({ min: 1, max: 6 }),
        part: size,
        rest: size,
      })
      .map(({ H, W, a, b, g, half, t, part, rest }): Sizes => {
        const of = part + rest
        // Every width divides into the groups and the parts.
        return { H, W, from: a * g * of, to: b * g, k: 2 * half + 1, g, t, part, of }
      })
    fc.assert(
      fc.property(sizes, (s) => {
        for (const general of [false, true]) {
          const used = general ? s : { ...s, to: s.from }
          const row = evaluateFormulas(formulas({ general }), valuesOf(used, general)).find(
            (n) => n.formula.key === key,
          )
          expect(row?.costs).toEqual(counted(key, used))
        }
      }),
      { numRuns: 30 },
    )
  })

  const example = evaluateFormulas(formulas(), { H: 56, W: 56, C: 96, k: 3, g: 4, t: 6, r: 0.25 })
  const row = (key: string) => example.find((n) => n.formula.key === key)!

  it.each([
    ['regular', 260_112_384, 82_944, 685_056],
    ['grouped', 65_028_096, 20_736, 622_848],
    ['pointwise', 28_901_376, 9_216, 611_328],
    ['depthwise', 2_709_504, 864, 602_976],
    ['depthwise-wide', 16_257_024, 5_184, 3_617_856],
    ['partial', 16_257_024, 5_184, 155_712],
    ['separable', 31_610_880, 10_080, 1_214_304],
    ['separable-fused', 31_610_880, 10_080, 612_192],
    ['inverted-bottleneck', 363_073_536, 115_776, 7_943_232],
    ['fasternet', 131_862_528, 42_048, 1_998_912],
  ])('give the worked example of 56 × 56, C = 96, k = 3: %s', (key, macs, params, accesses) => {
    expect(row(key).costs).toEqual({ macs, adds: macs, muls: macs, params, accesses })
    expect(counted(key, { H: 56, W: 56, from: 96, to: 96, k: 3, g: 4, t: 6, part: 1, of: 4 })).toEqual(row(key).costs)
  })

  it('count an adder convolution in twice the additions, no multiplication and no MAC', () => {
    expect(row('adder').costs).toEqual({ macs: 0, muls: 0, adds: 520_224_768, params: 82_944, accesses: 685_056 })
  })

  it('divide by the regular convolution, as formulas and as numbers', () => {
    const separable = row('separable')
    expect(separable.formula.ratios.macs?.numerator.toShortString()).toBe('1/C + 1/k²')
    expect(separable.ratios?.macs).toBeCloseTo(1 / 96 + 1 / 9, 12)
    const { numerator, denominator } = separable.formula.ratios.accesses ?? {}
    expect([numerator?.toShortString(), denominator?.toShortString()]).toEqual(['4HW + k² + C', '2HW + k²C'])
    expect(separable.ratios?.accesses).toBe(1_214_304 / 685_056)
    expect(row('partial').formula.ratios.macs?.numerator.toShortString()).toBe('r²')
    // The same MACs and parameters, 23 times different accesses.
    expect(Math.round((row('depthwise-wide').costs?.accesses ?? 0) / (row('partial').costs?.accesses ?? 1))).toBe(23)
  })

  it('have ratios whose value is the ratio of the values', () => {
    const values = { H: 7, W: 5, C_in: 12, C_out: 8, k: 3, g: 2, t: 4, r: 0.25 }
    for (const { formula, ratios } of evaluateFormulas(formulas({ general: true }), values))
      for (const [metric, ratio] of Object.entries(formula.ratios)) {
        const value = (ratio?.numerator.evaluate(values) ?? 0) / (ratio?.denominator.evaluate(values) ?? 1)
        expect(ratios?.[metric as 'macs']).toBeCloseTo(value, 12)
      }
  })

  it('leave out rows whose widths are no whole numbers, and say why', () => {
    const rows = evaluateFormulas(formulas(), { H: 4, W: 4, C: 10, k: 3, g: 4, t: 6, r: 0.25 })
    expect(rows.filter((n) => n.costs === null).map((n) => n.note)).toEqual([
      'grouped: C/g = 5/2 is not a whole number of channels',
      'partial: rC = 5/2 is not a whole number of channels',
      'FasterNet block: rC = 5/2 is not a whole number of channels',
    ])
  })
})
