import type { Layer, NamedShape, TotalCounts } from '../cost/index.ts'
import { shapeText } from './numbers.ts'
import type { Cell, Column } from './table.ts'

/** Every column of a profile, by the key that its JSON has. */
export const layerColumns = {
  name: { header: 'Layer', shorten: true, value: (l) => l.name },
  op: { header: 'Op', shorten: true, optional: true, value: opText },
  kernel: { header: 'Kernel', value: (l) => l.window?.kernel.join('×') ?? '' },
  stride: { header: 'Stride', value: (l) => stepsText(l.window?.strides ?? []) },
  groups: { header: 'Groups', kind: 'count', value: (l) => l.window?.groups ?? '' },
  window: { header: 'Window', optional: true, value: windowText },
  inputs: { header: 'Input', optional: 2, value: (l) => shapesText(dataInputs(l)) },
  outputs: { header: 'Output', optional: true, value: (l) => shapesText(l.outputs) },
  params: { header: 'Params', kind: 'count', value: (l) => l.params },
  nonZeroParams: { header: 'Non-zero', kind: 'count', value: (l) => l.nonZeroParams },
  macs: { header: 'MACs', kind: 'count', bar: true, value: (l) => l.macs },
  adds: { header: 'Adds', kind: 'count', optional: 3, detail: true, value: (l) => l.adds },
  muls: { header: 'Muls', kind: 'count', optional: 3, detail: true, value: (l) => l.muls },
  others: { header: 'Others', kind: 'count', optional: 3, value: (l) => l.others },
  reads: { header: 'Reads', kind: 'count', optional: 3, detail: true, value: (l) => l.reads },
  writes: { header: 'Writes', kind: 'count', optional: 3, detail: true, value: (l) => l.writes },
  accesses: { header: 'Accesses', kind: 'count', bar: true, value: accessesOf },
  bytesRead: { header: 'Bytes read', kind: 'count', value: (l) => l.bytesRead },
  bytesWritten: { header: 'Bytes written', kind: 'count', value: (l) => l.bytesWritten },
  kind: { header: 'Kind', value: (l) => l.kind ?? '' },
  notCounted: { header: 'Not counted', wrap: true, value: (l) => l.notCounted ?? '' },
} as const satisfies Record<string, Omit<Column, 'key'> & { value: (layer: Layer) => Cell }>

/** The name of a column of layers. */
export type LayerColumn = keyof typeof layerColumns
export const layerColumnKeys = Object.keys(layerColumns) as LayerColumn[]
/** Those that layers can be sorted by. */
export const sortableColumns = layerColumnKeys.filter(
  (key) => !['kernel', 'stride', 'groups', 'window', 'inputs', 'outputs', 'notCounted'].includes(key),
)

/** The columns of a terminal, which leaves out those it has no room for. */
export const terminalColumns: readonly LayerColumn[] = [
  'name',
  'op',
  'window',
  'inputs',
  'outputs',
  'params',
  'macs',
  'adds',
  'muls',
  'reads',
  'writes',
]

/** The columns of a page. */
export const pageColumns: readonly LayerColumn[] = [
  'name',
  'op',
  'kernel',
  'stride',
  'groups',
  'inputs',
  'outputs',
  'params',
  'macs',
  'accesses',
  'adds',
  'muls',
  'reads',
  'writes',
]

/** Columns about windows, which networks without any do not need. */
export const ofWindows: ReadonlySet<LayerColumn> = new Set(['kernel', 'stride', 'groups', 'window', 'kind'])

const texts = ['op', 'kernel', 'stride', 'groups', 'window', 'inputs', 'outputs', 'kind', 'notCounted'] as const

/** Whether a column holds what has no sum. */
export const isTextColumn = (key: LayerColumn): key is (typeof texts)[number] =>
  (texts as readonly string[]).includes(key)

/** `AdderConv`, `Conv depthwise`; of a fused layer the first operator and how many more: `Conv depthwise +4`. */
export function opText({ op, kind }: Pick<Layer, 'op' | 'kind'>): string {
  const [first, ...others] = op.split('+')
  return [first, ...(kind ? [kind] : []), ...(others.length > 0 ? [`+${others.length}`] : [])].join(' ')
}

/** The same of a comparison's operators: `Conv +2 → AdderConv +2`. */
export const opsText = (ops: string): string =>
  ops
    .split(' → ')
    .map((op) => opText({ op }))
    .join(' → ')

/** One number where all axes have the same, else all: `2`, `2×1`. */
function stepsText(strides: readonly number[]): string {
  return strides.every((s) => s === strides[0]) ? String(strides[0] ?? '') : strides.join('×')
}

/** `3×3`, `3×3 s2`, `3×3 s2 g32`: kernel, stride and groups, as far as they are not 1 or said by the kind. */
export function windowText({ window, kind }: Layer): string {
  if (!window) return ''
  const steps = window.strides.some((s) => s !== 1) ? ` s${stepsText(window.strides)}` : ''
  const groups = kind === 'grouped' ? ` g${window.groups}` : ''
  return `${window.kernel.join('×')}${steps}${groups}`
}

/** The first shape, and how many more there are: `2 of 1×64×56×56`, `1×8×1×1 +1`. */
export function shapesText(values: readonly NamedShape[]): string {
  const [first, ...others] = values.map((v) => shapeText(v.shape))
  if (first === undefined || others.length === 0) return first ?? ''
  return others.every((text) => text === first) ? `${values.length} of ${first}` : `${first} +${others.length}`
}

/** For programs: every shape, in ASCII, because spreadsheets guess at the encoding of files. */
export const csvShapes = (values: readonly NamedShape[]): string =>
  values.map((v) => shapeText(v.shape).replaceAll('×', 'x')).join(', ')

/** Inputs that are made while the network runs. */
export const dataInputs = (layer: Layer): NamedShape[] => layer.inputs.filter((v) => !v.constant)

/** Elements that a layer reads and writes. */
export function accessesOf({ reads, writes }: Layer): number | null {
  return reads === null || writes === null ? null : reads + writes
}

export const headerOf = (key: LayerColumn): string => layerColumns[key].header

/** The sums of a network, as tables of totals call them. */
export const totalMetrics = [
  ['params', 'Parameters'],
  ['nonZeroParams', 'Non-zero parameters'],
  ['macs', 'MACs'],
  ['adds', 'Additions'],
  ['muls', 'Multiplications'],
  ['others', 'Other operations'],
  ['reads', 'Reads (elements)'],
  ['writes', 'Writes (elements)'],
  ['accesses', 'Memory accesses (elements)'],
  ['bytes', 'Memory accesses (bytes)'],
] as const satisfies readonly (readonly [keyof TotalCounts, string])[]
