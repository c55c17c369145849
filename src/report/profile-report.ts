import type { Layer, LeftOut, Note, Profile, TotalCounts, Totals, Unsupported } from '../cost/index.ts'
import { blockTable } from './block-table.ts'
import {
  csvShapes,
  dataInputs,
  isTextColumn,
  type LayerColumn,
  layerColumnKeys,
  layerColumns,
  ofWindows,
  terminalColumns,
  windowText,
} from './layer-columns.ts'
import { isWorthARow, layerNames, namesNote } from './layer-names.ts'
import { human, shapeText, withSeparators } from './numbers.ts'
import { type Cell, countOrPartial, partialNote, type Report, type Table } from './table.ts'

/** What a profile shows. */
export interface ProfileReportOptions {
  /** Also layers that neither compute nor hold parameters nor move anything (views). */
  readonly all?: boolean
  /** Largest first; names in alphabetical order. By default the order of the graph. */
  readonly sort?: LayerColumn
  /** Which columns, in order; by default what the medium has room for. */
  readonly columns?: readonly LayerColumn[]
  /** Names as the file has them, fused layers by all their nodes. */
  readonly fullNames?: boolean
  /** Blocks of layers down to this depth of their names, instead of layers. */
  readonly depth?: number
  /** With a table of the constants that are no parameters. */
  readonly explainParams?: boolean
}

/** Layers as rows, the totals beneath. */
export function profileTable(profile: Profile, options: ProfileReportOptions = {}): Table {
  const counted = profile.totals.nonZeroParams !== null
  const hasWindows = profile.layers.some((l) => l.window)
  const wished = (options.columns ?? terminalColumns).filter((key) => hasWindows || !ofWindows.has(key))
  const keys = wished.flatMap((key): LayerColumn[] =>
    key === 'params' && counted && !options.columns?.includes('nonZeroParams') ? ['params', 'nonZeroParams'] : [key],
  )
  const shown = sorted(options.all ? profile.layers : profile.layers.filter(isWorthARow), options.sort)
  const hidden = profile.layers.length - shown.length
  const { totals } = profile
  const names = layerNames(profile.layers)
  const name = (layer: Layer) => (options.fullNames ? layer.name : names.of(layer))
  const total = (key: LayerColumn): Cell => {
    if (key === 'name') return `Total of ${shown.length} ${shown.length === 1 ? 'layer' : 'layers'}`
    if (isTextColumn(key)) return ''
    if (key === 'bytesRead' || key === 'bytesWritten') {
      const sum = profile.layers.reduce((sum, l) => sum + (l[key] ?? 0), 0)
      return countOrPartial(
        sum,
        profile.layers.some((l) => l[key] === null),
      )
    }
    return totals[key] === null ? null : countOrPartial(totals[key], totals.partial.includes(key))
  }
  const notes = [
    ...(hidden > 0
      ? [
          `${hidden} ${hidden === 1 ? 'layer that costs nothing (a view) is' : 'layers that cost nothing (views) are'} not shown.`,
        ]
      : []),
    ...(options.fullNames ? [] : namesNote(names)),
    ...(keys.includes('window') && shown.some((l) => / [sg]/.test(windowText(l)))
      ? ['Window: kernel, s stride, g groups.']
      : []),
    ...(totals.partial.length > 0 ? [partialNote] : []),
  ]
  return {
    columns: keys.map((key) => ({ key, ...layerColumns[key] })),
    rows: shown.map((layer) => keys.map((key) => (key === 'name' ? name(layer) : layerColumns[key].value(layer)))),
    total: keys.map(total),
    notes,
  }
}

/** Headline, layers, and what was not counted. */
export function profileReport(profile: Profile, options: ProfileReportOptions = {}): Report {
  const { totals } = profile
  const number = (value: number) =>
    value >= 1000 ? `${withSeparators(value)} (${human(value)})` : withSeparators(value)
  const about = (key: keyof TotalCounts) => atLeast(totals, key, number(totals[key] ?? 0))
  return {
    title: profile.model,
    facts: [
      [
        profile.inputs.length === 1 ? 'Input' : 'Inputs',
        profile.inputs.map((i) => `${i.name} ${shapeText(i.shape)}`).join(', ') || 'none',
      ],
      ['MACs', about('macs')],
      ['Parameters', about('params') + (totals.nonZeroParams === null ? '' : `, non-zero ${about('nonZeroParams')}`)],
      ['Additions, multiplications', `${about('adds')}, ${about('muls')}`],
      ['Memory accesses', `${about('accesses')}, ${human(totals.bytes, 'B')}`],
      ...notCountedFact(profile),
      ...modes(profile),
    ],
    tables: [
      options.depth === undefined ? profileTable(profile, options) : blockTable(profile, options.depth),
      ...unsupportedTable(profile.unsupported),
      ...notesTable(profile.notes),
      ...(options.explainParams && profile.leftOut.length > 0 ? [leftOutTable(profile.leftOut)] : []),
    ],
    notes:
      options.explainParams && profile.leftOut.length === 0
        ? ['Every constant that a layer takes where parameters stand is one (docs/cost.md says which are).']
        : [],
  }
}

/** A sum in words: `at least 69,120` where something is not in it. */
export const atLeast = ({ partial }: Pick<Totals, 'partial'>, key: keyof TotalCounts, text: string): string =>
  partial.includes(key) ? `at least ${text}` : text

/** How many nodes the totals leave out, and of which operators; nothing where none. */
export function notCountedFact({ unsupported }: Pick<Profile, 'unsupported'>): [string, string][] {
  if (unsupported.length === 0) return []
  const names = [...new Set(unsupported.map(unsupportedName))]
  const some = `${names.slice(0, 4).join(', ')}${names.length > 4 ? ' …' : ''}`
  return [['Not counted', `${unsupported.length} ${unsupported.length === 1 ? 'node' : 'nodes'} (${some})`]]
}

const unsupportedName = (u: Unsupported): string => (u.domain === '' ? u.op : `${u.domain}.${u.op}`)

function modes(profile: Profile): [string, string][] {
  const said = [
    ...(profile.fused ? ['fused layers'] : []),
    ...(profile.strictAdds ? ['strict additions (n - 1 for a sum of n terms)'] : []),
  ]
  return said.length > 0 ? [['Counted with', said.join(', ')]] : []
}

/** None where everything was counted. */
export function unsupportedTable(unsupported: readonly Unsupported[], title = 'Not counted, or not in full'): Table[] {
  if (unsupported.length === 0) return []
  return [
    {
      title: `${title}: ${unsupported.length} ${unsupported.length === 1 ? 'node' : 'nodes'}`,
      columns: [
        { key: 'name', header: 'Node', shorten: true },
        { key: 'op', header: 'Op' },
        { key: 'why', header: 'Why', wrap: true },
      ],
      rows: unsupported.map((u) => [u.name, unsupportedName(u), u.why]),
      notes: ['The totals do not include these.'],
    },
  ]
}

function leftOutTable(leftOut: readonly LeftOut[]): Table {
  const values = leftOut.reduce((sum, c) => sum + c.shape.reduce((a, b) => a * b, 1), 0)
  return {
    title: `Constants that are no parameters: ${withSeparators(values)} ${values === 1 ? 'value' : 'values'}`,
    columns: [
      { key: 'name', header: 'Constant', shorten: true },
      { key: 'shape', header: 'Shape' },
      { key: 'layer', header: 'Taken by', shorten: true, optional: true },
      { key: 'why', header: 'Why', wrap: true },
    ],
    rows: leftOut.map((c) => [c.name, shapeText(c.shape), `${c.op} ${c.layer}`, c.why]),
    notes: ['Nor are single numbers, running means and variances, and what shapes are computed from.'],
  }
}

/** How nodes were counted that could be counted in more than one way. None where there are none. */
function notesTable(notes: readonly Note[]): Table[] {
  if (notes.length === 0) return []
  return [
    {
      title: `Counted by a choice: ${notes.length} ${notes.length === 1 ? 'node' : 'nodes'}`,
      columns: [
        { key: 'name', header: 'Node', shorten: true },
        { key: 'op', header: 'Op' },
        { key: 'note', header: 'How', wrap: true },
      ],
      rows: notes.map((n) => [n.name, n.domain === '' ? n.op : `${n.domain}.${n.op}`, n.note]),
    },
  ]
}

function sorted(layers: readonly Layer[], by: LayerColumn | undefined): readonly Layer[] {
  if (!by) return layers
  const value = (l: Layer) => layerColumns[by].value(l)
  return [...layers].sort((a, b) => {
    const [x, y] = [value(a), value(b)]
    if (typeof x === 'string' && typeof y === 'string') return x < y ? -1 : x > y ? 1 : 0
    return Number(y ?? -1) - Number(x ?? -1)
  })
}

/** Shapes of windows stand last, behind what was there before them. */
const csvColumns = [
  ...layerColumnKeys.filter((key) => key !== 'accesses' && key !== 'notCounted' && !ofWindows.has(key)),
  ...['kind', 'kernel', 'stride', 'groups', 'notCounted'],
] as readonly LayerColumn[]

/**
 * Every layer with everything that was counted, for `toCsv`.
 * @param options which columns; names are whole in any case
 */
export function profileCsvTable(profile: Profile, options: Pick<ProfileReportOptions, 'sort'> = {}): Table {
  const layers = sorted(profile.layers, options.sort)
  const plain: Partial<Record<LayerColumn, (layer: Layer) => Cell>> = {
    op: (l) => l.op,
    inputs: (l) => csvShapes(dataInputs(l)),
    outputs: (l) => csvShapes(l.outputs),
    kernel: (l) => l.window?.kernel.join('x') ?? '',
    stride: (l) => l.window?.strides.join('x') ?? '',
  }
  return {
    columns: csvColumns.map((key) => ({ key, ...layerColumns[key] })),
    rows: layers.map((layer) => csvColumns.map((key) => (plain[key] ?? layerColumns[key].value)(layer))),
  }
}
