import {
  type Cell,
  chartText,
  plainCell,
  type Report,
  shortNumber,
  type Table,
  type TerminalChartOptions,
} from '../report/index.ts'
import type { Check } from './experiment.ts'
import { proseText } from './formula-text.ts'
import type { Outcome } from './run.ts'

const number = (value: number | string): string => (typeof value === 'number' ? shortNumber(value) : value)

/** How a check ended: `holds`, `does not hold`; of a control `fails, as it should`, `holds, and should not`. */
export function checkResult({ holds, control }: Check): string {
  if (control) return holds ? 'holds, and should not' : 'fails, as it should'
  return holds ? 'holds' : 'does not hold'
}

/** The statements of `checks`, what was predicted and measured, and whether they hold. */
export function checksTable(checks: readonly Check[]): Table {
  return {
    title: 'Verdict',
    columns: [
      { key: 'what', header: 'Statement', wrap: true },
      { key: 'predicted', header: 'Predicted' },
      { key: 'measured', header: 'Measured' },
      { key: 'within', header: 'Within', optional: true },
      { key: 'result', header: 'Result' },
    ],
    rows: checks.map((c): Cell[] => [
      `${c.control ? 'Control: ' : ''}${proseText(c.what)}`,
      number(c.predicted),
      number(c.measured),
      c.within ?? '',
      checkResult(c),
    ]),
  }
}

/** Whether the claim `holds`, and otherwise how many of its `checks` came out otherwise, in one sentence. */
export function verdictText({ holds, checks }: Pick<Outcome, 'holds' | 'checks'>): string {
  const failed = checks.filter((c) => c.holds === (c.control ?? false)).length
  return holds
    ? 'The claim holds.'
    : `The claim does not hold: ${failed} of ${checks.length} statements came out otherwise.`
}

/** Settings that are objects by what they hold: a layer is 256×64×14×1, an optimiser `sgd 0.9 false`. */
function settingText(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value)
  const values = Object.values(value)
  return values.map(settingText).join(values.every((own) => typeof own === 'number') ? '×' : ' ')
}

/** How it was run: settings, seed, data, time. */
export function circumstances(outcome: Outcome): [label: string, value: string][] {
  const kind = outcome.full ? 'full' : 'quick'
  const settings = Object.entries(outcome.settings).map(
    ([key, value]) => `${key} ${[value].flat().map(settingText).join(', ')}`,
  )
  return [
    ['Data', outcome.data],
    ['Settings', outcome.ofRecipe ? settings.join('; ') : `${kind}: ${settings.join('; ')}; seed ${outcome.seed}`],
    ['Time', `${(outcome.timeMs / 1000).toFixed(outcome.timeMs < 10_000 ? 1 : 0)} s`],
    ['Source', outcome.experiment.source],
  ]
}

/** The tables, with what was found on top; formulas as text. */
export function outcomeReport(outcome: Outcome): Report {
  return {
    title: outcome.experiment.title,
    facts: [['Claim', proseText(outcome.experiment.claim)], ...circumstances(outcome)],
    tables: outcome.tables,
  }
}

/** The charts for a terminal. */
export const outcomeCharts = (outcome: Outcome, options?: TerminalChartOptions): string =>
  outcome.charts.map((chart) => chartText(chart, options)).join('\n')

/** For programs: settings, rows by the keys of their columns, the charts' series, the checks. */
export function outcomeJson(outcome: Outcome): unknown {
  const { experiment, seed, full, settings, data, tables, charts, checks, notes, holds, timeMs } = outcome
  return {
    name: experiment.name,
    title: experiment.title,
    claim: experiment.claim,
    source: experiment.source,
    seed,
    full,
    settings,
    data,
    holds,
    checks,
    tables: tables.map(({ title, columns, rows, notes }) => ({
      title,
      rows: rows.map((row) => Object.fromEntries(columns.map((c, i) => [c.key, plainCell(row[i])]))),
      notes,
    })),
    charts,
    notes,
    timeMs: Math.round(timeMs),
  }
}

/** A table of `experiments`: name, duration of the quick settings, claim. */
export function experimentsTable(experiments: readonly Outcome['experiment'][]): Table {
  return {
    columns: [
      { key: 'name', header: 'Experiment' },
      { key: 'duration', header: 'Quick' },
      { key: 'claim', header: 'Claim', wrap: true },
    ],
    rows: experiments.map((e) => [e.name, e.duration, proseText(e.claim)]),
  }
}
