import { type Operand, Polynomial, variable } from '../base/index.ts'
import { adderLaw, convolutionLaw, type LayerLaw } from '../ops/index.ts'
import { lawTerms } from './node-law.ts'
import { type RationalFunction, ratioOf } from './ratio.ts'

/*
 * What kinds of convolution cost, as formulas of a design: input and output H × W × C (or C_in → C_out), kernel k × k, stride 1, padded so
 * that the size stays, no bias, batch 1. Each row is a chain of layers, each layer the law that the counter evaluates (`ops/shared/laws.ts`)
 * with the sizes of the design put in.
 */

/** What the formulas count: additions, multiplications, multiply–accumulates, learnable values, elements read and written. */
export const formulaMetrics = ['adds', 'muls', 'macs', 'params', 'accesses'] as const
/** One of `formulaMetrics`. */
export type FormulaMetric = (typeof formulaMetrics)[number]

/** What one kind of convolution costs. */
export interface Formula {
  /** A word for programs: `inverted-bottleneck`. */
  readonly key: string
  /** For people: `inverted bottleneck`. */
  readonly name: string
  /** What is in it, in short: `1×1 C→tC, k×k depthwise, 1×1 tC→C`. */
  readonly structure: string
  /** By what is counted, in the letters H, W, k, C (C_in, C_out), g, n, t and r. */
  readonly costs: Readonly<Record<FormulaMetric, Polynomial>>
  /** Each cost ÷ that of the regular convolution; null where the regular one costs nothing. */
  readonly ratios: Readonly<Record<FormulaMetric, RationalFunction | null>>
  /** Numbers of channels (per group), which must come out whole for the row to exist. */
  readonly widths: readonly Polynomial[]
}

/** Sizes to put into the formulas. `r` may be an exact fraction: `Polynomial.constant(1).over(3)`. */
export type FormulaValues = Readonly<Record<string, Operand>>

/** A formula with sizes put in. */
export interface FormulaNumbers {
  /** The formula. */
  readonly formula: Formula
  /** Null: a width does not come out whole. */
  readonly costs: Readonly<Record<FormulaMetric, number>> | null
  /** Each cost ÷ that of the first row; null where that is 0, and instead of all where `costs` is null. */
  readonly ratios: Readonly<Record<FormulaMetric, number | null>> | null
  /** Why there are no costs, in words. */
  readonly note?: string
}

interface Stage {
  readonly law: LayerLaw
  readonly K: Operand
  readonly inChannels: Polynomial
  readonly outChannels: Polynomial
  readonly groups: Operand
}

const [H, W, k, g, n, t, r] = ['H', 'W', 'k', 'g', 'n', 't', 'r'].map(variable) as [
  Polynomial,
  Polynomial,
  Polynomial,
  Polynomial,
  Polynomial,
  Polynomial,
  Polynomial,
]
const HW = H.times(W)

/** How a product is written. */
const letters = ['H', 'W', 'k', 'n', 't', 'r', 'C', 'C_in', 'C_out', 'g']

const regular = (from: Polynomial, to: Polynomial, groups: Operand = 1, law = convolutionLaw): Stage => ({
  law,
  K: k.power(2),
  inChannels: from,
  outChannels: to,
  groups,
})
const depthwise = (channels: Polynomial, filters: Operand = 1): Stage =>
  regular(channels, channels.times(filters), channels)
const pointwise = (from: Polynomial, to: Polynomial, groups: Operand = 1): Stage => ({
  ...regular(from, to, groups),
  K: 1,
})
/** k×1 or 1×k. */
const line = (from: Polynomial, to: Polynomial): Stage => ({ ...regular(from, to), K: k })

/** Which table is made. */
export interface FormulaOptions {
  /** For C_in → C_out instead of C → C. False by default. */
  readonly general?: boolean
}

/** The table for input and output of the same width C, or with `general` for C_in → C_out. */
export function formulas({ general = false }: FormulaOptions = {}): Formula[] {
  const from = variable(general ? 'C_in' : 'C')
  const to = general ? variable('C_out') : from
  const [a, b] = [from, to].map(String) as [string, string]
  const wide = t.times(from)
  const [part, rank] = [r.times(from), r.times(to)]
  const reference = costsOf([regular(from, to)])
  const row = (key: string, name: string, structure: string, stages: Stage[], fused = false): Formula => {
    const costs = costsOf(stages, fused)
    const ratios = perMetric((m) => {
      if (reference[m].terms.length === 0) return null
      const { numerator, denominator } = ratioOf(costs[m], reference[m])
      return { numerator: numerator.ordered(letters), denominator: denominator.ordered(letters) }
    })
    return { key, name, structure, costs, ratios, widths: stages.flatMap(widthsOf) }
  }
  return [
    row('regular', 'regular', `k×k, ${a}→${b}`, [regular(from, to)]),
    row('adder', 'adder', `k×k, ${a}→${b}, L1 distance instead of products`, [regular(from, to, 1, adderLaw)]),
    row('grouped', 'grouped', `k×k, ${a}→${b}, g groups`, [regular(from, to, g)]),
    row('depthwise', 'depthwise', `k×k, each of ${a} channels by itself`, [depthwise(from)]),
    row('depthwise-wide', `depthwise at t${a}`, `k×k, each of t${a} channels by itself`, [depthwise(wide)]),
    row('pointwise', 'pointwise', `1×1, ${a}→${b}`, [pointwise(from, to)]),
    row('separable', 'separable, unfused', `k×k depthwise, then 1×1 ${a}→${b}`, [depthwise(from), pointwise(from, to)]),
    row(
      'separable-fused',
      'separable, fused',
      'the same, nothing stored in between',
      [depthwise(from), pointwise(from, to)],
      true,
    ),
    row(
      'separable-branches',
      'separable, n branches',
      `sum of n such pairs: n k×k filters on each of ${a} channels, 1×1 n${a}→${b}`,
      [depthwise(from, n), pointwise(n.times(from), to)],
    ),
    row('low-rank', 'low rank, channels', `k×k, ${a}→r${b}, then 1×1 r${b}→${b}`, [
      regular(from, rank),
      pointwise(rank, to),
    ]),
    row('low-rank-space', 'low rank, space', `k×1, ${a}→r${b}, then 1×k, r${b}→${b}`, [
      line(from, rank),
      line(rank, to),
    ]),
    row('tucker', 'Tucker-2', `1×1 ${a}→r${a}, k×k r${a}→r${b}, 1×1 r${b}→${b}`, [
      pointwise(from, part),
      regular(part, rank),
      pointwise(rank, to),
    ]),
    row('grouped-shuffle', 'grouped + shuffle', `k×k, ${a}→${b}, g groups, shuffle, 1×1 ${b}→${b}, g groups`, [
      regular(from, to, g),
      pointwise(to, to, g),
    ]),
    row('partial', 'partial', `k×k on r${a} channels, the others stay where they are`, [regular(part, part)]),
    row('t-shaped', 'partial + 1×1', `k×k on r${a} channels, then 1×1 ${a}→${b} (T-shaped)`, [
      regular(part, part),
      pointwise(from, to),
    ]),
    row('inverted-bottleneck', 'inverted bottleneck', `1×1 ${a}→t${a}, k×k depthwise, 1×1 t${a}→${b}; no residual`, [
      pointwise(from, wide),
      depthwise(wide),
      pointwise(wide, to),
    ]),
    row('fasternet', 'FasterNet block', `partial, 1×1 ${a}→2${a}, 1×1 2${a}→${b}; no residual`, [
      regular(part, part),
      pointwise(from, from.times(2)),
      pointwise(from.times(2), to),
    ]),
  ]
}

function costsOf(stages: readonly Stage[], fused = false): Record<FormulaMetric, Polynomial> {
  const parts = stages.map(({ law, K, inChannels, outChannels, groups }) => {
    const sizes = { P: HW, P_in: HW, K, C_in: inChannels, C_out: outChannels, g: groups }
    const laws = {
      ...{ macs: lawTerms.times(law.macs), muls: lawTerms.times(law.muls), adds: lawTerms.times(law.adds) },
      weights: lawTerms.over(variable('P')),
      read: variable('P_in').times(variable('C_in')),
      written: variable('P').times(variable('C_out')),
    }
    return (key: keyof typeof laws) => laws[key].substitute(sizes)
  })
  const sum = (key: Parameters<(typeof parts)[number]>[0], from = parts) =>
    from.reduce((total, part) => total.plus(part(key)), Polynomial.constant(0))
  // Fused, only the first input is read and only the last output written.
  const read = sum('read', fused ? parts.slice(0, 1) : parts)
  const written = sum('written', fused ? parts.slice(-1) : parts)
  const params = sum('weights')
  const costs = {
    adds: sum('adds'),
    muls: sum('muls'),
    macs: sum('macs'),
    params,
    accesses: read.plus(written).plus(params),
  }
  return perMetric((m) => costs[m].ordered(letters))
}

const widthsOf = (stage: Stage): Polynomial[] => [stage.inChannels, stage.outChannels].map((c) => c.over(stage.groups))

function perMetric<T>(f: (metric: FormulaMetric) => T): Record<FormulaMetric, T> {
  return Object.fromEntries(formulaMetrics.map((m) => [m, f(m)])) as Record<FormulaMetric, T>
}

/**
 * The formulas' numbers, exact, and their ratios to the first row (the regular convolution).
 * @param values a size for every letter: H, W, k, g, n, t, r and C, or C_in and C_out
 * @param rows of `formulas`; ratios are to the first
 * @throws KerfError `missing-variable`
 */
export function evaluateFormulas(rows: readonly Formula[], values: FormulaValues): FormulaNumbers[] {
  const numberOf = (p: Polynomial) => p.substitute(values).evaluate({})
  const reference = rows[0] && perMetric((m) => numberOf(rows[0]!.costs[m]))
  return rows.map((formula) => {
    const broken = formula.widths.find((w) => !Number.isInteger(numberOf(w)))
    if (broken) {
      const note = `${formula.name}: ${broken.toShortString()} = ${broken.substitute(values)} is not a whole number of channels`
      return { formula, costs: null, ratios: null, note }
    }
    const costs = perMetric((m) => numberOf(formula.costs[m]))
    const ratios = perMetric((m) => (reference?.[m] ? costs[m] / reference[m] : null))
    return { formula, costs, ratios }
  })
}
