import type { BudgetReport, PruneResult } from '../../api/prune.ts'
import type { TimeMeasured } from '../../api/workflow.ts'
import { human, type Table } from '../../report/index.ts'
import { bar, milliseconds } from '../bench/cells.ts'

const amountText = (of: BudgetReport['of'], value: number): string =>
  of === 'milliseconds' ? `${milliseconds(value)} ms` : of === 'bytes' ? human(value, 'B') : human(value)

const share = (part: number): string => `${(100 * part).toFixed(1)} %`

/** The target, what became of it, and what could be at most. */
export function budgetFacts(budget: BudgetReport, measured: TimeMeasured | undefined): [string, string][] {
  const { of, allocate, before, limit, after, kept, bound } = budget
  const text = (value: number) => amountText(of, value)
  const predicted = of === 'milliseconds' ? 'predicted ' : ''
  return [
    ['Target', `${text(limit)} of ${text(before)}; ${predicted}${text(after)} (--allocate ${allocate})`],
    ...(measured ? [['Measured', measuredText(measured)] as [string, string]] : []),
    ['Scores kept', `${share(kept)}, geometric mean over groups; no widths keep more than ${share(bound)}`],
  ]
}

function measuredText({ beforeMs, afterMs, predictedMs, rounds, on }: TimeMeasured): string {
  const factor = (beforeMs / afterMs).toFixed(2)
  const off = 100 * (predictedMs / afterMs - 1)
  const threads = `${on.threads} ${on.threads === 1 ? 'thread' : 'threads'}`
  return `${milliseconds(beforeMs)} → ${milliseconds(afterMs)} ms, ${factor} × as fast (${on.runtime}, ${threads}; prediction ${off >= 0 ? '+' : ''}${off.toFixed(1)} %, cut ${rounds})`
}

/** Every group before and after. */
export function widthsTable({ groups }: PruneResult, named: (name: string) => string): Table {
  return {
    title: 'Widths',
    columns: [
      { key: 'group', header: 'Group', shorten: true },
      { key: 'before', header: 'Before', kind: 'count' },
      { key: 'after', header: 'After', kind: 'count' },
      { key: 'part', header: 'Kept', kind: 'count' },
      { key: 'bar', header: '' },
    ],
    rows: groups.map((g) => [
      named(g.name),
      g.channels,
      g.kept,
      `${Math.round((100 * g.kept) / g.channels)} %`,
      bar(g.kept / g.channels),
    ]),
  }
}
