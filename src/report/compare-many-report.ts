import type { Layer, ManyComparison } from '../cost/index.ts'
import { accessesOf, headerOf, opsText, totalMetrics } from './layer-columns.ts'
import { layerNames, namesNote } from './layer-names.ts'
import { shapeText } from './numbers.ts'
import { unsupportedTable } from './profile-report.ts'
import { type Cell, type Column, countOrPartial, partialNote, type Report, type Table } from './table.ts'

/** A, B … Z, then M27. */
const letter = (i: number): string => (i < 26 ? String.fromCharCode(65 + i) : `M${i + 1}`)

const counts = ['macs', 'params', 'accesses'] as const
const countOf = (layer: Layer, key: (typeof counts)[number]): number | null =>
  key === 'accesses' ? accessesOf(layer) : layer[key]

/** What a comparison of several shows. */
export interface CompareManyOptions {
  /** Also layers that cost the same in all. */
  readonly all?: boolean
  /** Names as the file has them. */
  readonly fullNames?: boolean
}

function totalsTable({ models, totals }: ManyComparison): Table {
  const rows = totalMetrics.flatMap(([key, label]): Cell[][] => {
    const { values, ratios, partial } = totals[key]
    if (values.every((v) => v === null)) return []
    const lacks = (i: number) => partial.includes(i)
    return [
      [
        label,
        ...values.map((v, i) => (v === null ? null : countOrPartial(v, lacks(i)))),
        ...ratios.slice(1).map((r, i) => (r === null ? '' : countOrPartial(r, lacks(0) || lacks(i + 1)))),
      ],
    ]
  })
  return {
    title: 'Totals',
    columns: [
      { key: 'metric', header: '' },
      ...models.map((_, i): Column => ({ key: letter(i).toLowerCase(), header: letter(i), kind: 'count' })),
      ...models
        .slice(1)
        .map((_, i): Column => ({ key: `ratio${letter(i + 1)}`, header: `${letter(i + 1)} ÷ A`, kind: 'ratio' })),
    ],
    rows,
    notes: Object.values(totals).some((s) => s.partial.length > 0) ? [partialNote] : [],
  }
}

/** One row per layer of any network. */
export function compareManyTable(comparison: ManyComparison, options: CompareManyOptions = {}): Table {
  const { models } = comparison
  const representative = (row: (typeof comparison.layers)[number]) => row.layers.find((l) => l !== null)!
  const shown = options.all ? comparison.layers : comparison.layers.filter(({ layers }) => differ(layers))
  const same = comparison.layers.length - shown.length
  const names = layerNames(comparison.layers.map(representative))
  return {
    title: 'Layers',
    columns: [
      { key: 'name', header: 'Layer', shorten: true },
      { key: 'op', header: 'Op', shorten: true, optional: true },
      ...counts.flatMap((c, rank) =>
        models.map(
          (_, i): Column => ({
            key: `${c}${letter(i)}`,
            header: `${headerOf(c)} ${letter(i)}`,
            kind: 'count',
            group: c,
            optional: rank === 0 ? false : rank + 1,
          }),
        ),
      ),
    ],
    rows: shown.map((row) => [
      options.fullNames ? row.name : names.of(representative(row)),
      options.fullNames ? row.op : opsText(row.op),
      ...counts.flatMap((c) => row.layers.map((l) => (l === null ? '–' : countOf(l, c)))),
    ]),
    notes: [
      ...(same > 0
        ? [
            `${same} ${same === 1 ? 'layer costs' : 'layers cost'} the same in all and ${same === 1 ? 'is' : 'are'} not shown.`,
          ]
        : []),
      ...(options.fullNames ? [] : namesNote(names)),
      ...(shown.some(({ layers }) => layers.includes(null)) ? ['–: the model has no such layer.'] : []),
    ],
  }
}

function differ(layers: readonly (Layer | null)[]): boolean {
  const [first] = layers
  return layers.some(
    (l) => !l || !first || l.op !== first.op || counts.some((c) => countOf(l, c) !== countOf(first, c)),
  )
}

/** Totals of all, ratios to the first, and their layers. */
export function compareManyReport(comparison: ManyComparison, options: CompareManyOptions = {}): Report {
  const { models } = comparison
  const layers = compareManyTable(comparison, options)
  return {
    title: `Comparison of ${models.length} models`,
    facts: models.map((m, i) => [
      letter(i),
      `${m.model}, ${m.inputs.map((x) => `${x.name} ${shapeText(x.shape)}`).join(', ')}`,
    ]),
    tables: [
      totalsTable(comparison),
      ...(layers.rows.length > 0 ? [layers] : []),
      ...models.flatMap((m, i) => unsupportedTable(m.unsupported, `Not counted in ${letter(i)}`)),
    ],
    notes: layers.rows.length > 0 ? [] : ['Every layer costs the same in all.'],
  }
}
