import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Polynomial } from '../base/index.ts'
import { type BlockName, buildBlock } from '../nets/index.ts'
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
  readonly n: number
  readonly t: number
  /** r = part / of. */
  readonly part: number
  readonly of: number
}

/** The design of one row as a real graph. */
function block(key: string, s: Sizes) {
  const { from, to, k, g, t } = s
  const sizes = {
    inputSize: [s.H, s.W],
    kernel: k,
    groups: g,
    expansion: t,
    branches: s.n,
    part: s.part / s.of,
  } as const
  const options = { ...sizes, inChannels: from, outChannels: to, bare: true }
  if (key === 'depthwise-wide')
    return buildBlock('depthwise', { ...options, inChannels: t * from, outChannels: t * from })
  const name = key.replace('-fused', '') as BlockName
  // These keep their channels.
  return buildBlock(name, { ...options, outChannels: name === 'depthwise' ? from : to })
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

const valuesOf = ({ H, W, from, to, k, g, n, t, part, of }: Sizes, general: boolean) => ({
  H,
  W,
  ...(general ? { C_in: from, C_out: to } : { C: from }),
  k,
  g,
  n,
  t,
  r: Polynomial.constant(part).over(of),
})

describe('formulas', () => {
  const [plainRows, generalRows] = [formulas(), formulas({ general: true })]
  const keys = plainRows.map((f) => f.key)

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
      ['separable, n branches', 'HWk²nC + HWnC²', '2HWC + 2HWnC + k²nC + nC²'],
      ['low rank, channels', 'HWk²rC² + HWrC²', '2HWC + 2HWrC + k²rC² + rC²'],
      ['low rank, space', '2HWkrC²', '2HWC + 2HWrC + 2krC²'],
      ['Tucker-2', '2HWrC² + HWk²r²C²', '2HWC + 4HWrC + 2rC² + k²r²C²'],
      ['grouped + shuffle', 'HWk²C²/g + HWC²/g', '4HWC + k²C²/g + C²/g'],
      ['partial', 'HWk²r²C²', '2HWrC + k²r²C²'],
      ['partial + 1×1', 'HWk²r²C² + HWC²', '2HWrC + 2HWC + k²r²C² + C²'],
      ['inverted bottleneck', '2HWtC² + HWk²tC', '2HWC + 4HWtC + 2tC² + k²tC'],
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
        n: fc.integer({ min: 1, max: 4 }),
        t: fc.integer({ min: 1, max: 6 }),
        part: size,
        rest: size,
      })
      .map(({ H, W, a, b, g, half, n, t, part, rest }): Sizes => {
        const of = part + rest
        // Every width divides into the groups and the parts.
        return { H, W, from: a * g * of, to: b * g * of, k: 2 * half + 1, g, n, t, part, of }
      })
    fc.assert(
      fc.property(sizes, (s) => {
        for (const general of [false, true]) {
          const used = general ? s : { ...s, to: s.from }
          const rows = (general ? generalRows : plainRows).filter((f) => f.key === key)
          const [row] = evaluateFormulas(rows, valuesOf(used, general))
          expect(row?.costs).toEqual(counted(key, used))
        }
      }),
      { numRuns: 30 },
    )
  })

  const example = evaluateFormulas(formulas(), { H: 56, W: 56, C: 96, k: 3, g: 4, n: 2, t: 6, r: 0.25 })
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
    expect(counted(key, { H: 56, W: 56, from: 96, to: 96, k: 3, g: 4, n: 2, t: 6, part: 1, of: 4 })).toEqual(
      row(key).costs,
    )
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
    const values = { H: 7, W: 5, C_in: 12, C_out: 8, k: 3, g: 2, n: 2, t: 4, r: 0.25 }
    for (const { formula, ratios } of evaluateFormulas(formulas({ general: true }), values))
      for (const [metric, ratio] of Object.entries(formula.ratios)) {
        const value = (ratio?.numerator.evaluate(values) ?? 0) / (ratio?.denominator.evaluate(values) ?? 1)
        expect(ratios?.[metric as 'macs']).toBeCloseTo(value, 12)
      }
  })

  it('leave out rows whose widths are no whole numbers, and say why', () => {
    const rows = evaluateFormulas(formulas(), { H: 4, W: 4, C: 10, k: 3, g: 4, n: 2, t: 6, r: 0.25 })
    const notes = rows
      .filter((n) => n.costs === null)
      .map((n) => n.note?.replace(' = 5/2 is not a whole number of channels', ''))
    expect(notes).toEqual([
      ...['grouped: C/g', 'low rank, channels: rC', 'low rank, space: rC', 'Tucker-2: rC', 'grouped + shuffle: C/g'],
      ...['partial: rC', 'partial + 1×1: rC', 'FasterNet block: rC'],
    ])
  })
})
