import type { ComparedLayer, Comparison, Pair } from '../cost/index.ts'
import { headerOf, opsText, totalMetrics } from './layer-columns.ts'
import { layerNames, namesNote } from './layer-names.ts'
import { ratioText, shapeText, withSeparators } from './numbers.ts'
import { unsupportedTable } from './profile-report.ts'
import { type Cell, type Column, countOrPartial, partialNote, type Report, type Table } from './table.ts'

/** What a comparison of two shows. */
export interface CompareReportOptions {
  /** Also layers that cost the same in both. */
  readonly all?: boolean
  /** Names as the file has them, fused layers by all their nodes. */
  readonly fullNames?: boolean
  /** With columns that say why something is not counted. */
  readonly reasons?: boolean
}

export function compareTotalsTable(comparison: Comparison): Table {
  const { totals, stored } = comparison
  const pairs = totalMetrics.map(([key, label]) => [label, totals[key]] as const)
  const rows = [...pairs, ...(stored ? [['Weights as stored (bytes)', stored] as const] : [])].flatMap(
    ([label, pair]): Cell[][] => {
      const { a, b, ratio, partial = [] } = pair
      if (a === null && b === null) return []
      const side = (name: 'a' | 'b', value: number | null) =>
        value === null ? null : countOrPartial(value, partial.includes(name))
      const quotient = ratio === null ? '' : countOrPartial(ratio, partial.length > 0)
      return [[label, side('a', a), side('b', b), quotient, change(pair)]]
    },
  )
  return {
    title: 'Totals',
    columns: [
      { key: 'metric', header: '' },
      { key: 'a', header: 'A', kind: 'count' },
      { key: 'b', header: 'B', kind: 'count' },
      { key: 'ratio', header: 'B ÷ A', kind: 'ratio' },
      { key: 'difference', header: 'B − A', kind: 'count' },
    ],
    rows,
    notes: Object.values(totals).some((p) => p.partial) ? [partialNote] : [],
  }
}

const change = ({ a, b, partial }: Pair): Cell => {
  if (a === null || b === null) return ''
  const difference = b > a ? `+${withSeparators(b - a)}` : withSeparators(b - a)
  return partial ? `${difference} *` : difference
}

/** One row per layer of either network. */
export function compareLayersTable(comparison: Comparison, options: CompareReportOptions = {}): Table {
  const shown = options.all ? comparison.layers : comparison.layers.filter(differs)
  const same = comparison.layers.length - shown.length
  const side = (layer: ComparedLayer, which: 'a' | 'b', pair: Pair): Cell => (layer[which] === null ? '–' : pair[which])
  const counts = ['params', 'macs', 'accesses'] as const
  const hasWeights = comparison.layers.some((l) => l.weights)
  const some = (l: ComparedLayer) => (l.a ?? l.b)!
  const names = layerNames(comparison.layers.map(some))
  const renamed = shown.filter((l) => l.a && l.b && l.a.name !== l.b.name).length
  const columns: Column[] = [
    { key: 'name', header: 'Layer', shorten: true },
    { key: 'op', header: 'Op', shorten: true, optional: true },
    ...counts.flatMap((c): Column[] => [
      { key: `${c}A`, header: `${headerOf(c)} A`, kind: 'count', group: c, optional: c === 'accesses' && 2 },
      { key: `${c}B`, header: `${headerOf(c)} B`, kind: 'count', group: c, optional: c === 'accesses' && 2 },
      { key: `${c}Ratio`, header: `${headerOf(c)} ÷`, kind: 'ratio', optional: c !== 'macs' && 3 },
    ]),
    ...(hasWeights
      ? ([
          { key: 'storedA', header: 'Stored A', kind: 'count' },
          { key: 'storedB', header: 'Stored B', kind: 'count' },
          { key: 'storedAs', header: 'Stored as' },
          { key: 'weightsOff', header: 'Weights off', kind: 'ratio' },
        ] as const)
      : []),
    ...(options.reasons
      ? [
          { key: 'notCountedA', header: 'Not counted in A' },
          { key: 'notCountedB', header: 'Not counted in B' },
        ]
      : []),
  ]
  return {
    title: 'Layers',
    columns,
    rows: shown.map((l) => [
      options.fullNames ? l.name : names.of(some(l)),
      options.fullNames ? l.op : opsText(l.op),
      ...counts.flatMap((c) => [side(l, 'a', l[c]), side(l, 'b', l[c]), l[c].ratio ?? '']),
      ...(hasWeights ? weightCells(l) : []),
      ...(options.reasons ? [l.a?.notCounted ?? '', l.b?.notCounted ?? ''] : []),
    ]),
    notes: [
      ...(same > 0
        ? [
            `${same} ${same === 1 ? 'layer costs' : 'layers cost'} the same in both and ${same === 1 ? 'is' : 'are'} not shown.`,
          ]
        : []),
      ...(options.fullNames ? [] : namesNote(names)),
      ...(renamed > 0
        ? [
            `${renamed} of them ${renamed === 1 ? 'has' : 'have'} another name in B, and ${renamed === 1 ? 'is' : 'are'} matched by what they are.`,
          ]
        : []),
      ...(shown.length > 0 ? ['÷: that of B by that of A.'] : []),
      ...(shown.some((l) => !l.a || !l.b) ? ['–: the model has no such layer.'] : []),
    ],
  }
}

/** Bytes of both, their types, and how far the values are off. */
function weightCells({ weights }: ComparedLayer): Cell[] {
  const { bytes, types, change } = weights ?? { bytes: { a: null, b: null }, types: { a: '', b: '' }, change: null }
  const type = types.a === types.b || types.b === '' ? types.a : types.a === '' ? types.b : `${types.a} → ${types.b}`
  return [bytes.a ?? '–', bytes.b ?? '–', type, change ?? '']
}

const differs = (l: ComparedLayer): boolean =>
  l.a === null ||
  l.b === null ||
  l.a.op !== l.b.op ||
  [l.params, l.macs, l.adds, l.muls, l.accesses, ...(l.weights ? [l.weights.bytes] : [])].some((p) => p.a !== p.b) ||
  (l.weights?.change ?? 0) > 0

/** Totals of both and their ratios, and a row per layer of either network. */
export function compareReport(comparison: Comparison, options: CompareReportOptions = {}): Report {
  const { a, b, totals } = comparison
  const side = (p: typeof a) => `${p.model}, ${p.inputs.map((i) => `${i.name} ${shapeText(i.shape)}`).join(', ')}`
  const { ratio, partial } = totals.macs
  const compared = ratio === 1 ? 'as many MACs' : `B has ${ratioText(ratio ?? 0)} times the MACs of A`
  const headline = ratio === null ? '' : partial ? `: ${compared}, of what is counted` : `: ${compared}`
  const layers = compareLayersTable(comparison, options)
  return {
    title: `Comparison${headline}`,
    facts: [
      ['A', side(a)],
      ['B', side(b)],
    ],
    tables: [
      compareTotalsTable(comparison),
      ...(layers.rows.length > 0 ? [layers] : []),
      ...unsupportedTable(a.unsupported, 'Not counted in A'),
      ...unsupportedTable(b.unsupported, 'Not counted in B'),
    ],
    notes: layers.rows.length > 0 ? [] : ['Every layer costs the same in both.'],
  }
}
