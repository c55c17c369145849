import type { PruneResult, RecoveredStep } from 'kerf/prune'
import { type Cell, type LineChart, lineChartsSvg, type Report, type Table, toHtml } from 'kerf/report'
import type { CutTime, PruneProof, TrainedStep } from './prune-types.ts'
import type { SensitivityTold } from './sensitivity.ts'

/* A cut as a page of its own: what it was asked for, what became of every layer, the proof, recovery and the curves. Loaded when it is asked for. */

/** All that is known of a cut. */
export interface ReportedCut {
  /** Of the network's file. */
  readonly name: string
  /** `Pruned to 50 % of the MACs`. */
  readonly title: string
  readonly result: PruneResult
  readonly warnings: readonly string[]
  readonly proof: PruneProof
  readonly time?: CutTime
  readonly recovery?: { readonly title: string; readonly steps: readonly RecoveredStep[] }
  readonly trained: readonly TrainedStep[]
  readonly bearing: readonly SensitivityTold[]
  /** What does the same, last. */
  readonly commands: readonly string[]
}

const percent = (part: number): string => `${(100 * part).toFixed(1)} %`
const three = (number: number): string => String(Number(number.toPrecision(3)))

const metrics = [
  ['macs', 'MACs'],
  ['params', 'Parameters'],
  ['adds', 'Additions'],
  ['muls', 'Multiplications'],
  ['accesses', 'Memory accesses (elements)'],
  ['bytes', 'Memory accesses (bytes)'],
] as const

export function pruneHtml(cut: ReportedCut): string {
  const figures = [lossChart(cut.trained), bearingChart(cut.bearing)].flatMap((chart) => chart ?? [])
  return toHtml(reportOf(cut), { figures: figures.length > 0 ? [lineChartsSvg(figures)] : [] })
}

function reportOf({ name, title, result, warnings, proof, time, recovery, commands }: ReportedCut): Report {
  const { before, after, refused } = result
  const [last] = recovery?.steps.slice(-1) ?? []
  return {
    title: `${name}: ${title}`,
    facts: [
      ['MACs', percent(after.macs / before.macs)],
      ['Parameters', percent(after.params / before.params)],
      ['Cut = masked', proofText(proof)],
      ...(time
        ? [
            [
              'Time of a run',
              `${three(time.beforeMs)} → ${three(time.afterMs)} ms, measured; ${three(time.predictedMs)} predicted`,
            ] as const,
          ]
        : []),
      ...(recovery && last
        ? [
            [
              recovery.title,
              `outputs off by ${percent(recovery.steps[0]!.outputError.before)}, now by ${percent(last.outputError.after)}`,
            ] as const,
          ]
        : []),
    ],
    tables: [
      totalsTable(result),
      widthsTable(result),
      ...(recovery ? [recoveryTable(recovery.steps)] : []),
      ...(refused.length > 0 ? [refusedTable(result)] : []),
      {
        title: 'The same on the command line',
        columns: [{ key: 'command', header: 'Command', wrap: true }],
        rows: commands.map((c) => [c]),
      },
    ],
    notes: [
      ...warnings,
      ...(time
        ? ['Times are those of this browser, both networks in turns; the prediction is a sum of times of layers.']
        : []),
    ],
  }
}

const proofText = ({ maxRelDiff, allowed = 0, why }: PruneProof): string =>
  maxRelDiff === undefined
    ? (why ?? 'not run')
    : `to ${maxRelDiff.toExponential(1)} of the largest value; ${allowed.toExponential(1)} allowed`

const totalsTable = ({ before, after }: PruneResult): Table => ({
  title: 'Before and after',
  columns: [
    { key: 'metric', header: '' },
    { key: 'before', header: 'Before', kind: 'count' },
    { key: 'after', header: 'After', kind: 'count' },
    { key: 'ratio', header: 'After ÷ before', kind: 'ratio' },
  ],
  rows: metrics.map(([key, label]): Cell[] => {
    const marked = (value: number): Cell =>
      before.partial.includes(key) || after.partial.includes(key) ? { value, partial: true } : value
    return [label, marked(before[key]), marked(after[key]), before[key] === 0 ? '' : marked(after[key] / before[key])]
  }),
})

const widthsTable = ({ groups }: PruneResult): Table => ({
  title: 'Channels',
  columns: [
    { key: 'group', header: 'Group', shorten: true },
    { key: 'layers', header: 'Layers that make them', shorten: true },
    { key: 'before', header: 'Before', kind: 'count', bar: true },
    { key: 'after', header: 'After', kind: 'count', bar: true },
    { key: 'part', header: 'After ÷ before', kind: 'ratio' },
  ],
  rows: groups.map(({ name, layers, channels, kept }) => [name, layers.join(', '), channels, kept, kept / channels]),
})

const recoveryTable = (steps: readonly RecoveredStep[]): Table => ({
  title: 'Recovery: how far the outputs are off, on pictures that nothing was fitted to',
  columns: [
    { key: 'step', header: 'Step' },
    { key: 'before', header: 'Before', align: 'right' },
    { key: 'after', header: 'After', align: 'right' },
    { key: 'why', header: '', wrap: true },
  ],
  rows: steps.map(({ name, outputError, why, kept }) => [
    ...[name, percent(outputError.before), percent(outputError.after)],
    why ?? (kept ? '' : 'taken back: the outputs were further off'),
  ]),
})

const refusedTable = ({ refused }: PruneResult): Table => ({
  title: 'Stays as it is',
  columns: [
    { key: 'layer', header: 'Layer', shorten: true },
    { key: 'channels', header: 'Channels', kind: 'count' },
    { key: 'why', header: 'Why', wrap: true },
  ],
  rows: refused.map(({ node, channels, why }) => [node, channels, why]),
})

function lossChart(trained: readonly TrainedStep[]): LineChart | undefined {
  if (trained.length < 2) return undefined
  const line = (name: string, of: (step: TrainedStep) => number) => ({
    ...{ name, points: trained.map((step) => [step.step, of(step)] as const) },
  })
  return {
    title: 'Loss of training',
    xLabel: 'updates',
    series: [line('update', (s) => s.loss), line('mean of the epoch', (s) => s.meanLoss)],
  }
}

/** More lines cannot be told apart. */
const mostLines = 10

function bearingChart(bearing: readonly SensitivityTold[]): LineChart | undefined {
  const [first] = bearing
  if (!first) return undefined
  const worst = ({ curve }: SensitivityTold) => curve.points.reduce((sum, p) => sum + p.quality, 0)
  const shown = bearing.toSorted((a, b) => worst(a) - worst(b)).slice(0, mostLines)
  const which = bearing.length > mostLines ? `, the ${mostLines} most sensitive of ${bearing.length} groups` : ''
  return {
    title: `${first.quality} when a part of one group goes, everything else whole${which}`,
    xLabel: 'part of the channels that goes',
    yFormat: 'percent',
    series: shown.map(({ curve: { name, channels, points } }) => ({
      name,
      points: points.map((p) => [1 - p.kept / channels, p.quality] as const),
    })),
  }
}
