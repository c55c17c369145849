import type { TotalCounts, Totals } from '../api/cost.ts'
import type { WrittenModel } from '../api/files.node.ts'
import type { PruneResult } from '../api/prune.ts'
import { type Agreement, type Change, type Pruned, type TimeMeasured, toleranceFor } from '../api/workflow.ts'
import {
  type Cell,
  countOrPartial,
  human,
  layerNames,
  namesNote,
  partialNote,
  type Report,
  type Table,
  unsupportedTable,
} from '../report/index.ts'
import { agreementText } from './prune/agreement-text.ts'
import { budgetFacts, widthsTable } from './prune/budget-report.ts'
import { changeFacts, inexactTable } from './prune/inexact.ts'
import { meansTable, recoveryTables } from './prune/recovery.ts'
import { worthText, type ZeroWorth } from './prune/worth.ts'

export interface PruneReportOptions {
  readonly check: Agreement | null
  /** Largest difference, as a part of the largest output, that passes. */
  readonly allowed?: number
  /** Why there is no check, or what is to be said of it. */
  readonly why?: string
  /** What recovery did. */
  readonly recovery?: Pruned['recovery']
  /** The same without images. */
  readonly meansReplaced?: Pruned['meansReplaced']
  /** Times of both networks, where the target is one. */
  readonly measured?: TimeMeasured
  /** What an inexact cut changes. */
  readonly change?: Change
  readonly written?: WrittenModel
  readonly explain?: boolean
  /** Weights were set to zero, and nothing was removed. */
  readonly zeroes?: boolean
  /** What that changes of the time of a run, or why it was not measured. */
  readonly worth?: readonly ZeroWorth[] | string
  /** Layers are called as the file does it, not as `kerf profile` shows them. */
  readonly fullNames?: boolean
}

/** Numbers of a network's cost, and what they are called. */
export const costMetrics = [
  ['params', 'Parameters stored'],
  ['nonZeroParams', 'Parameters not zero'],
  ['macs', 'MACs executed'],
  ['adds', 'Additions'],
  ['muls', 'Multiplications'],
  ['accesses', 'Memory accesses (elements)'],
] as const satisfies readonly (readonly [keyof TotalCounts, string])[]

/** Before, after and the quotient, one row per number. */
export function beforeAfterTable(before: Totals, after: Totals, more: readonly (readonly Cell[])[] = []): Table {
  const rows = costMetrics.flatMap(([key, label]): Cell[][] => {
    const a = before[key]
    const b = after[key]
    if (a === null || b === null) return []
    const marked = (value: number, ...of: Totals[]) =>
      countOrPartial(
        value,
        of.some((t) => t.partial.includes(key)),
      )
    return [[label, marked(a, before), marked(b, after), a === 0 ? '' : marked(b / a, before, after)]]
  })
  return {
    columns: [
      { key: 'metric', header: '' },
      { key: 'before', header: 'Before', kind: 'count' },
      { key: 'after', header: 'After', kind: 'count' },
      { key: 'ratio', header: 'After ÷ before', kind: 'ratio' },
    ],
    rows: [...rows, ...more],
    notes: [before, after].some((t) => costMetrics.some(([key]) => t.partial.includes(key))) ? [partialNote] : [],
  }
}

/** What `kerf prune` prints. */
export function pruneReport(name: string, result: PruneResult, options: PruneReportOptions): Report {
  const { groups, refused } = result
  const channels = groups.reduce((s, g) => s + g.channels, 0)
  const kept = groups.reduce((s, g) => s + g.kept, 0)
  const what = options.zeroes ? 'weights set to zero' : 'channels removed'
  const facts: [string, string][] = [
    [
      options.zeroes ? 'Layers' : 'Groups',
      `${groups.length}, ${(channels - kept).toLocaleString('en')} of ${channels.toLocaleString('en')} ${what}`,
    ],
  ]
  if (result.ratio !== undefined) facts.push(['Ratio', `${result.ratio} (the least that reaches the target)`])
  if (result.budget) facts.push(...budgetFacts(result.budget, options.measured))
  if (options.check)
    facts.push([
      'Masked = cut',
      `${agreementText(options.check)} (allowed: ${options.allowed ?? toleranceFor(result.model)})`,
    ])
  if (options.change) facts.push(...changeFacts(options.change))
  if (typeof options.worth === 'object') facts.push(['Time of a run', worthText(options.worth)])
  if (options.written) facts.push(['Wrote', written(options.written)])
  const tables = [beforeAfterTable(result.before, result.after)]
  const names = options.fullNames ? undefined : layerNames(result.layers)
  const named = (name: string) => names?.named(name) ?? name
  if (options.recovery) tables.push(...recoveryTables(options.recovery, named))
  if (options.meansReplaced) tables.push(meansTable(options.meansReplaced, named))
  if (result.budget) tables.push(widthsTable(result, named))
  tables.push(...inexactTable(result, named))
  if (options.explain) tables.push(groupsTable(result, named))
  tables.push(...unsupportedTable(result.unsupported))
  if (refused.length > 0) tables.push(refusedTable(result, options.explain ? refused.length : 8, named))
  const recovers = options.recovery !== undefined || options.meansReplaced !== undefined
  const shows = result.inexact.length + refused.length > 0 || options.explain || recovers || result.budget !== undefined
  const notes = [
    ...result.warnings,
    ...(options.why ? [options.why] : []),
    ...(typeof options.worth === 'string' ? [options.worth] : []),
    ...(options.zeroes
      ? [
          'Zeros are stored like any other number, and a dense runtime multiplies by them: bytes and MACs stay. Kerf leaves out those of layers that are faster so.',
        ]
      : []),
    ...(names && shows ? namesNote(names) : []),
  ]
  return { title: name, facts, tables, notes }
}

const written = (w: WrittenModel): string =>
  `${w.path} (${human(w.bytes, 'B')}${w.externalPath ? `, weights in ${w.externalPath}, ${human(w.externalBytes ?? 0, 'B')}` : ''})`

function groupsTable(result: PruneResult, named: (name: string) => string): Table {
  return {
    title: 'Groups: what goes together',
    columns: [
      { key: 'group', header: 'Group', shorten: true },
      { key: 'channels', header: 'Channels', kind: 'count' },
      { key: 'kept', header: 'Kept', kind: 'count' },
      { key: 'layers', header: 'Made by', shorten: true, optional: true },
      { key: 'tensors', header: 'Tensors that shrink (axis)', shorten: true },
      { key: 'nodes', header: 'Nodes', kind: 'count' },
    ],
    rows: result.groups.map((g) => [
      named(g.name),
      g.channels,
      g.kept,
      g.layers.map(named).join(', '),
      list(g.tensors.map((t) => `${t.name} (${t.axis})`)),
      g.nodes.length,
    ]),
  }
}

const list = (items: readonly string[]): string =>
  items.length <= 6 ? items.join(', ') : `${items.slice(0, 6).join(', ')} … ${items.length} in all`

function refusedTable(result: PruneResult, limit: number, named: (name: string) => string): Table {
  const { refused } = result
  return {
    title: 'Not pruned',
    columns: [
      { key: 'node', header: 'Layer', shorten: true },
      { key: 'channels', header: 'Channels', kind: 'count' },
      { key: 'why', header: 'Why', wrap: true },
    ],
    rows: refused.slice(0, limit).map((r) => [named(r.node), r.channels, r.why]),
    notes: refused.length > limit ? [`${refused.length - limit} more; --explain shows all.`] : [],
  }
}
