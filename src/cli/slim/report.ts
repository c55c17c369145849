import { profileModel } from '../../api/cost.ts'
import type { WrittenModel } from '../../api/files.node.ts'
import type { Model } from '../../api/graph.ts'
import {
  type Quality,
  qualityName,
  qualityValue,
  type Slimmed,
  type SlimRound,
  type SlimStage,
} from '../../api/workflow.ts'
import {
  type Cell,
  human,
  type LineChart,
  layerNames,
  namesNote,
  type Report,
  shortNumber,
  type Table,
} from '../../report/index.ts'
import type { InputShapes } from '../options.ts'
import { beforeAfterTable } from '../prune-report.ts'
import { refusedTable } from '../sensitivity-report.ts'

const percent = (part: number): string => `${(100 * part).toFixed(2)} %`
const value = (quality: Quality): string => percent(qualityValue(quality))

/** What is limited, as people say it. */
const limited: Readonly<Record<Slimmed['target']['of'], string>> = {
  macs: 'MACs',
  bytes: 'bytes of weights',
  milliseconds: 'milliseconds',
}

/** A line for people, while it goes on. */
export function stageText(stage: SlimStage): string {
  switch (stage.kind) {
    case 'given':
      return `${qualityName(stage.quality)} ${value(stage.quality)} on ${stage.images.judge.toLocaleString('en')} held-out images; ${human(stage.totals.macs)} MACs, ${shortNumber(stage.timeMs)} ms. ${percent(stage.floor)} is good enough.`
    case 'cut':
      return `round ${stage.round}: ${value(stage.quality)} behind the cut`
    case 'recovered':
      return `round ${stage.round}: ${value(stage.quality)} recovered`
    case 'distilled':
      return `round ${stage.round}: ${value(stage.quality)} distilled`
    case 'round':
      return `round ${stage.round}: ${human(stage.totals.macs)} MACs, ${shortNumber(stage.timeMs)} ms, ${value(stage.quality)}${stage.isGoodEnough ? '' : ': not good enough, put aside'}`
  }
}

/** What a report says besides the numbers. */
export interface SlimContext {
  readonly path: string
  /** The network as it was given. */
  readonly model: Model
  readonly written: WrittenModel
  /** Sentences. */
  readonly notes: readonly string[]
  readonly fullNames?: boolean
  /** Where its file leaves sizes open. */
  readonly inputs?: InputShapes
}

/** Before and after, and every round; with `whole` widths and refusals, too. */
export function slimReport(result: Slimmed, context: SlimContext, whole: boolean): Report {
  const { given, final, target, images, test, ended } = result
  const { written, path, model } = context
  const names = context.fullNames ? undefined : layerNames(profileModel(model, { inputs: context.inputs }).layers)
  const named = (name: string) => names?.named(name) ?? name
  const row = (label: string, before: number, after: number, shown: (n: number) => Cell): Cell[] => [
    label,
    shown(before),
    shown(after),
    after / before,
  ]
  const quality = (label: string, before: Quality, after: Quality) =>
    row(`${label}, %`, qualityValue(before), qualityValue(after), (n) => (100 * n).toFixed(2))
  const name = qualityName(given.quality)
  const rows = [
    row('Weights (bytes)', given.bytes, final.bytes, (n) => n),
    row('Time of one image (ms)', given.timeMs, final.timeMs, (n) => shortNumber(n)),
    quality(`${name}, held out`, given.quality, final.quality),
    ...(test ? [quality(`${name}, test images`, test.given, test.final)] : []),
  ]
  return {
    title: `${path}: ${(given.timeMs / final.timeMs).toFixed(2)} × as fast, ${percent(final.totals.macs / given.totals.macs)} of the MACs`,
    facts: [
      [
        'Target',
        `${amount(target.of, target.limit)} of ${amount(target.of, target.before)} ${limited[target.of]}; reached: ${amount(target.of, target.reached)}`,
      ],
      [
        'Quality',
        `${name} ${value(given.quality)} → ${value(final.quality)} on ${images.judge.toLocaleString('en')} held-out images${test ? `; ${value(test.given)} → ${value(test.final)} on ${test.given.images.toLocaleString('en')} test images, looked at once` : ''}`,
      ],
      [
        'Images',
        `${images.fit.toLocaleString('en')} to change the network by, ${images.judge.toLocaleString('en')} others to judge it by`,
      ],
      ['Wrote', `${written.path} (${human(written.bytes, 'B')})`],
    ],
    tables: [
      beforeAfterTable(given.totals, final.totals, rows),
      roundsTable(result),
      ...(whole ? [widthsTable(final, named), ...(final.refused.length > 0 ? [refusedTable(final, named)] : [])] : []),
    ],
    notes: [
      ...(ended === undefined ? [] : [ended]),
      ...context.notes,
      'Time: the median of runs of one image on one thread, both networks in turns.',
      ...(names && whole ? namesNote(names) : []),
    ],
  }
}

const amount = (of: Slimmed['target']['of'], n: number): string =>
  of === 'milliseconds' ? shortNumber(n) : Math.round(n).toLocaleString('en')

function roundsTable({ given, rounds }: Slimmed): Table {
  const cell = (quality: Quality | undefined) => (quality ? (100 * qualityValue(quality)).toFixed(2) : '')
  return {
    title: `Rounds: ${qualityName(given.quality)} on held-out images, in percent`,
    columns: [
      { key: 'round', header: 'Round' },
      { key: 'macs', header: 'MACs', kind: 'count' },
      { key: 'time', header: 'ms', align: 'right' },
      { key: 'cut', header: 'Cut', align: 'right' },
      { key: 'recovered', header: 'Recovered', align: 'right' },
      { key: 'distilled', header: 'Distilled', align: 'right' },
      { key: 'kept', header: '' },
    ],
    rows: [
      ['given', given.totals.macs, shortNumber(given.timeMs), cell(given.quality), '', '', ''],
      ...rounds.map(({ totals, timeMs, steps, isGoodEnough }, i): Cell[] => [
        ...[
          String(i + 1),
          totals.macs,
          shortNumber(timeMs),
          cell(steps.cut),
          cell(steps.recovered),
          cell(steps.distilled),
        ],
        isGoodEnough ? '' : 'put aside',
      ]),
    ],
  }
}

const widthsTable = ({ widths }: SlimRound, named: (name: string) => string): Table => ({
  title: 'Channels',
  columns: [
    { key: 'group', header: 'Group', shorten: true },
    { key: 'before', header: 'Before', kind: 'count', bar: true },
    { key: 'after', header: 'After', kind: 'count', bar: true },
    { key: 'part', header: 'After ÷ before', kind: 'ratio' },
  ],
  rows: widths.map(({ name, before, after }) => [named(name), before, after, after / before]),
})

/** Quality against time, of all rounds. */
export function slimChart({ given, rounds }: Slimmed): LineChart {
  const point = ({ timeMs, quality }: Pick<SlimRound, 'timeMs' | 'quality'>) => [timeMs, qualityValue(quality)] as const
  const byTime = (points: readonly (readonly [number, number])[]) => [...points].sort(([a], [b]) => a - b)
  const aside = rounds.filter((r) => !r.isGoodEnough)
  return {
    title: `${qualityName(given.quality)} on held-out images against time`,
    xLabel: 'milliseconds for one image',
    yFormat: 'percent',
    series: [
      { name: 'good enough', points: byTime([given, ...rounds.filter((r) => r.isGoodEnough)].map(point)) },
      ...(aside.length > 0 ? [{ name: 'put aside', points: byTime(aside.map(point)), mark: 'points' as const }] : []),
    ],
  }
}

/** For programs. */
export const slimJson = (path: string, { model: _, ...result }: Slimmed, written: WrittenModel): unknown => ({
  model: path,
  quality: qualityName(result.given.quality),
  ...result,
  written,
})
