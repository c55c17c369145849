import { Polynomial } from '../base/index.ts'
import { evaluateFormulas, type FormulaNumbers, formulas, profileModel } from '../cost/index.ts'
import type { Model } from '../graph/index.ts'
import { type BlockName, buildBlock } from '../nets/index.ts'
import type { Column } from '../report/index.ts'
import { equal } from './checks.ts'
import type { Check } from './experiment.ts'
import type { Times } from './times.ts'

/** Sizes of a design: a square image, as many channels in as out. */
export interface DesignSizes {
  readonly channels: number
  /** Height and width. */
  readonly size: number
  /** 3 by default. */
  readonly kernel?: number
  /** 4 by default. */
  readonly groups?: number
  /** t, as an exact fraction where it is none of the whole numbers; 6 by default. */
  readonly expansion?: number | readonly [numerator: number, denominator: number]
  /** r as an exact fraction; 1/4 by default. */
  readonly part?: readonly [numerator: number, denominator: number]
}

/** What a design costs, convolutions alone. */
export interface DesignCosts {
  readonly macs: number
  readonly params: number
  readonly accesses: number
}

/** A design as a graph, and what it costs: by its formula, and as the counter finds it in the graph. */
export interface Design extends DesignSizes {
  readonly name: BlockName
  readonly model: Model
  readonly formula: DesignCosts
  readonly counted: DesignCosts
  /** Accesses of what only moves channels: Split and Concat of a partial convolution, in a runtime that copies. */
  readonly moved: number
}

export const designMetrics = ['macs', 'params', 'accesses'] as const satisfies readonly (keyof DesignCosts)[]

const rows = formulas()

/** Builds a design of convolutions alone, weights drawn from the `seed`, and counts it twice. */
export function designOf(name: BlockName, sizes: DesignSizes, seed: number): Design {
  const { channels, size, kernel = 3, groups = 4, expansion = 6, part = [1, 4] } = sizes
  const [wide, over] = typeof expansion === 'number' ? [expansion, 1] : expansion
  const model = buildBlock(name, {
    ...{ inChannels: channels, inputSize: size, kernel, groups, expansion: wide / over, part: part[0] / part[1] },
    ...{ bare: true, seed },
  })
  const exact = (numerator: number, denominator: number) => Polynomial.constant(numerator).over(denominator)
  const [numbers] = evaluateFormulas(
    rows.filter((f) => f.key === name),
    { H: size, W: size, C: channels, k: kernel, g: groups, n: 2, t: exact(wide, over), r: exact(...part) },
  )
  return { ...sizes, name, model, formula: costsOf(numbers), ...countedIn(model) }
}

function costsOf(numbers: FormulaNumbers | undefined): DesignCosts {
  if (!numbers?.costs) throw new Error(numbers?.note ?? 'There is no such formula.')
  const { macs, params, accesses } = numbers.costs
  return { macs, params, accesses }
}

/** Convolutions, and beside them what moves channels. */
function countedIn(model: Model): Pick<Design, 'counted' | 'moved'> {
  const { layers } = profileModel(model)
  const convolutions = layers.filter((l) => (l.macs ?? 0) > 0)
  const accessesOf = (some: typeof layers) => some.reduce((sum, l) => sum + (l.reads ?? 0) + (l.writes ?? 0), 0)
  const sum = (key: 'macs' | 'params') => convolutions.reduce((total, l) => total + (l[key] ?? 0), 0)
  const accesses = accessesOf(convolutions)
  return { counted: { macs: sum('macs'), params: sum('params'), accesses }, moved: accessesOf(layers) - accesses }
}

/** Every design's three metrics, counted in its graph, against its formula. */
export function exactness(designs: readonly Design[]): Check {
  const wrong = designs.filter((d) => designMetrics.some((m) => d.counted[m] !== d.formula[m]))
  return equal(`Designs whose graph does not cost what the formula says, of ${designs.length}`, 0, wrong.length)
}

/** Three digits, for tables of what was measured. */
export const short = (value: number): number => Number(value.toPrecision(3))

/** The three metrics of a design. */
export const metricColumns: readonly Column[] = [
  { key: 'macs', header: 'MACs', kind: 'count' },
  { key: 'params', header: 'Params', kind: 'count', optional: 3 },
  { key: 'accesses', header: 'Accesses', kind: 'count' },
]

/** A runtime's time and what it reached, in tables of designs. */
export const timeColumns = (runtimes: readonly string[]): Column[] =>
  runtimes.flatMap((name): Column[] => [
    { key: `${name} rate`, header: `${name} GMAC/s`, kind: 'ratio' },
    { key: `${name} ms`, header: 'ms', kind: 'ratio', optional: 2 },
  ])

/** Of the `i`th network that was timed, with what it should have done. */
export const timeCells = (macs: number, { fastestMs }: Times, i: number): number[] =>
  fastestMs[i]!.flatMap((ms) => [short(macs / ms / 1e6), short(ms)])
