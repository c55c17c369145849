import type { Profile, Totals } from '../../api/cost.ts'
import type { Session, Timing } from '../../api/runtime.ts'
import type { LayerTime } from '../../api/workflow.ts'
import {
  atLeast,
  type Cell,
  type Column,
  human,
  type LayerNames,
  namesNote,
  notCountedFact,
  type Report,
  shapeText,
  shortNumber,
  type Table,
} from '../../report/index.ts'
import { memoryFact } from '../run/report.ts'
import { bar, decimals, milliseconds } from './cells.ts'
import { type Machine, machineText, threadsText } from './machine.ts'

export interface ContenderResult extends Timing {
  readonly name: string
  readonly version: string
  readonly macsPerSecond: number
  /** Its median by Kerf's: above 1 Kerf is the faster one. */
  readonly ratio: number
  /** Largest difference between its outputs and Kerf's, as a part of the largest output. */
  readonly maxRelDiff: number
}

export interface BenchResult {
  readonly model: string
  readonly inputs: readonly { readonly name: string; readonly shape: readonly number[] }[]
  readonly machine: Machine
  /** The register-only multiply–add loop on as many threads. */
  readonly limit: { readonly macsPerSecond: number }
  readonly totals: Totals
  /** What is not in the totals. */
  readonly unsupported: Profile['unsupported']
  readonly contenders: readonly ContenderResult[]
  readonly layers?: readonly LayerTime[]
  /** Of Kerf's plan, in bytes. */
  readonly memory: Session['memory']
  readonly notices: readonly string[]
}

/** @param names how the layers are called; undefined: as the file does */
export function benchReport(result: BenchResult, names?: LayerNames): Report {
  const { machine, limit, totals } = result
  return {
    title: result.model,
    facts: [
      ...result.inputs.map((i): [string, string] => [`Input ${i.name}`, shapeText(i.shape)]),
      [
        'Counted',
        `${atLeast(totals, 'macs', human(totals.macs, 'MAC'))}, ${atLeast(totals, 'bytes', human(totals.bytes, 'B'))} read and written`,
      ],
      ...notCountedFact(result),
      ['Machine', machineText(machine)],
      ...(result.memory ? [memoryFact(result.memory)] : []),
      [
        'Limit',
        `${rate(limit.macsPerSecond)} GMAC/s: multiply–add in registers, ${machine.instructions ?? 'WebAssembly'}, ${threadsText(machine.threads)}`,
      ],
    ],
    tables: [contendersTable(result), ...(result.layers ? [layersTable(result, result.layers, names)] : [])],
    notes: [...result.notices, ...(names && result.layers ? namesNote(names) : [])],
  }
}

function contendersTable({ contenders, limit, totals }: BenchResult): Table {
  const ofCounted = totals.partial.includes('macs') ? '≥ ' : ''
  const slowest = Math.max(...contenders.map((c) => c.medianMs))
  return {
    columns: [
      { key: 'name', header: 'Runtime' },
      { key: 'version', header: 'Version', optional: true },
      { key: 'median', header: 'Median ms', kind: 'count' },
      { key: 'fastest', header: 'Fastest', kind: 'count', optional: true },
      { key: 'rate', header: 'GMAC/s', kind: 'count' },
      { key: 'limit', header: 'Of limit', kind: 'count', optional: true },
      { key: 'ratio', header: '÷ Kerf', kind: 'count' },
      { key: 'bar', header: '' },
    ],
    rows: contenders.map((c): Cell[] => [
      c.name,
      c.version,
      milliseconds(c.medianMs),
      milliseconds(c.fastestMs),
      `${ofCounted}${rate(c.macsPerSecond)}`,
      `${ofCounted}${percent(c.macsPerSecond / limit.macsPerSecond)}`,
      decimals(c.ratio, 2),
      bar(c.medianMs / slowest),
    ]),
    notes: [`Medians of ${contenders.map((c) => c.runs).join(', ')} runs, in turns.${agreement(contenders)}`],
  }
}

const agreement = (contenders: readonly ContenderResult[]): string =>
  contenders.length < 2
    ? ''
    : ` Largest difference of an output: ${shortNumber(Math.max(...contenders.map((c) => c.maxRelDiff)))} of its largest value.`

function layersTable({ limit }: BenchResult, layers: readonly LayerTime[], names?: LayerNames): Table {
  const sum = layers.reduce((s, l) => s + l.timeMs, 0)
  const slowest = Math.max(...layers.map((l) => l.timeMs))
  const columns: Column[] = [
    { key: 'name', header: 'Layer', shorten: true },
    { key: 'op', header: 'Op', shorten: true, optional: true },
    { key: 'shape', header: 'Output', optional: true },
    { key: 'time', header: 'ms', kind: 'count' },
    { key: 'share', header: 'Of time', kind: 'count' },
    { key: 'rate', header: 'GMAC/s', kind: 'count' },
    { key: 'limit', header: 'Of limit', kind: 'count' },
    { key: 'operations', header: 'Gop/s', kind: 'count', optional: true },
    { key: 'bytes', header: 'GB/s', kind: 'count' },
    { key: 'copied', header: 'Copied kB', kind: 'count', optional: true },
    { key: 'bar', header: '' },
  ]
  const row = (
    name: string,
    op: string,
    shape: string,
    part: Pick<LayerTime, 'timeMs' | 'macs' | 'operations' | 'bytes' | 'copiedBytes'>,
  ): Cell[] => {
    const per = (count: number | null) =>
      count === null ? null : count === 0 ? '' : rate((1000 * count) / part.timeMs)
    return [
      name,
      op,
      shape,
      milliseconds(part.timeMs),
      percent(part.timeMs / sum),
      per(part.macs),
      part.macs ? percent((1000 * part.macs) / part.timeMs / limit.macsPerSecond) : '',
      per(part.operations),
      per(part.bytes),
      part.copiedBytes === 0 ? '' : decimals(part.copiedBytes / 1000, 1),
    ]
  }
  const all = (pick: (l: LayerTime) => number | null) => layers.reduce((s, l) => s + (pick(l) ?? 0), 0)
  const total = {
    timeMs: sum,
    macs: all((l) => l.macs),
    operations: all((l) => l.operations),
    bytes: all((l) => l.bytes),
    copiedBytes: all((l) => l.copiedBytes),
  }
  const onHost = layers.some((l) => l.kind === 'host')
  return {
    title: 'Layer by layer',
    columns,
    rows: layers.map((l) => [
      ...row(names?.named(l.name) ?? l.name, l.kind === 'host' ? `${l.op} *` : l.op, shapeText(l.outputShape), l),
      bar(l.timeMs / slowest),
    ]),
    total: [...row(`Total of ${layers.length} parts`, '', '', total), ''],
    notes: [
      'Each part timed by itself, so that the total is a little more than a run. Nodes that run as one share a row.',
      'Copied: written although it was there already. What lies where its inputs do has no row.',
      ...(onHost ? ['* No kernel: done by the slow reference.'] : []),
    ],
  }
}

const percent = (value: number): string => `${decimals(100 * value, value < 0.0995 ? 1 : 0)} %`
/** Billions per second. */
const rate = (perSecond: number): string => decimals(perSecond / 1e9, perSecond < 1e10 ? 2 : 1)
