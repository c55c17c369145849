import type { WrittenModel } from '../../api/files.node.ts'
import { type Rewrite, rewriteOf } from '../../api/rewrite.ts'
import type { Swapped, SwappedAndMeasured } from '../../api/workflow.ts'
import {
  type Cell,
  type Column,
  compareReport,
  human,
  layerNames,
  namesNote,
  type Report,
  shortNumber,
  type Table,
} from '../../report/index.ts'

/** Everything that `kerf swap` did, or would do. */
export interface SwapResult extends Swapped {
  /** Undefined: nothing was written. */
  readonly written?: WrittenModel
}

interface SwapReportOptions {
  /** The name of the rewrite. */
  readonly to: string
  /** The file that the recipe was written to. */
  readonly recipe?: string
  readonly epochs: number
  /** What nobody said of the images, in a sentence. */
  readonly assumed?: string
  readonly fullNames?: boolean
}

type Named = (name: string) => string

export function swapReport(name: string, result: SwapResult, options: SwapReportOptions): Report {
  const { to, fullNames } = options
  const { swapped, written, comparison } = result
  const rewrite = rewriteOf(to)
  const totals = compareReport(comparison, { fullNames }).tables.filter((table) => table.title !== 'Layers')
  const names = fullNames ? undefined : layerNames(comparison.layers.flatMap((l) => l.a ?? l.b ?? []))
  const named = (name: string) => names?.named(name) ?? name
  return {
    title: name,
    facts: [
      ['Swapped', `${swapped.length} ${swapped.length === 1 ? 'layer' : 'layers'} for ${rewrite.title}`],
      ...timeFacts(result),
      ...recoveryFacts(result),
      ...(written
        ? ([
            ['Statistics', statisticsText[result.statistics]],
            ['Wrote', `${written.path} (${human(written.bytes + (written.externalBytes ?? 0), 'B')})`],
          ] as const)
        : [['Wrote', 'nothing (--dry-run)'] as const]),
    ],
    tables: [
      rewrite.approximates ? errorTable(swapped, rewrite, named) : weightsTable(swapped, rewrite, named),
      costTable(swapped, named, names ? namesNote(names) : []),
      ...keptTable(result, named),
      ...totals,
    ],
    notes: [...(options.assumed ? [options.assumed] : []), ...trainingNotes(name, result, rewrite, options)],
  }
}

const statisticsText: Readonly<Record<Swapped['statistics'], string>> = {
  data: 'measured on training images',
  noise: 'measured on noise (--data measures on images)',
  kept: 'what they were (--data measures them on images)',
}

const change = (before: string, after: string): string => `${before} → ${after}`
const ms = (value: number): string => `${Number(value.toPrecision(3))}`

function timeFacts({ time, inTime }: SwapResult): [string, string][] {
  if (!time) return []
  const { beforeMs, afterMs } = time
  const ratio = `${Number((beforeMs / afterMs).toPrecision(3))} times as fast, measured in turns`
  const missed =
    inTime && !inTime.isReached
      ? [['Target', `${ms(inTime.limitMs)} ms: missed, ${ms(inTime.afterMs)} ms were measured`] as [string, string]]
      : []
  return [['Time', `${change(ms(beforeMs), ms(afterMs))} ms a run: ${ratio}`], ...missed]
}

/** Fewer say little of others. */
const fewImages = 64

function recoveryFacts({ recovery = [], images = 0 }: SwapResult): [string, string][] {
  const [first] = recovery
  const last = recovery.at(-1)
  if (!first || !last) return []
  const taken = recovery.filter((step) => step.kept).map((step) => step.name)
  const how = taken.length > 0 ? `by ${taken.join(' and ')}` : 'nothing made it less'
  return [
    [
      'Outputs',
      `${change(shortNumber(first.outputError.before), shortNumber(last.outputError.after))} off, ${how} (‖difference‖ ÷ ‖output‖)`,
    ],
    [
      'Images',
      `${images}, every fourth of which only judged${images < fewImages ? ': few, which say little of others; give some hundreds' : ''}`,
    ],
  ]
}

/** What layers lost, and what they take. */
function errorTable(swapped: readonly SwappedAndMeasured[], { title, facts = {} }: Rewrite, named: Named): Table {
  const keys = Object.keys(facts)
  const optional = (has: boolean, column: Column, of: (layer: SwappedAndMeasured) => Cell) =>
    has ? [{ column, of }] : []
  const right = (key: string, header: string): Column => ({ key, header, align: 'right' })
  const columns = [
    { column: { key: 'layer', header: 'Layer', shorten: true }, of: (l: SwappedAndMeasured) => named(l.node) },
    ...keys.map((key) => ({
      column: right(key, facts[key]!),
      of: (l: SwappedAndMeasured) => factText(l.facts[key]),
    })),
    ...optional(
      swapped.some((l) => l.weightError !== undefined),
      right('weightError', 'Weights off'),
      (l) => (l.weightError === undefined ? null : shortNumber(l.weightError)),
    ),
    ...optional(
      swapped.some((l) => l.outputError),
      right('outputError', 'Output off'),
      ({ outputError: e }) => (e ? change(shortNumber(e.before), shortNumber(e.after)) : null),
    ),
    ...optional(
      swapped.some((l) => l.time),
      right('time', 'Time (ms)'),
      ({ time }) => (time ? change(ms(time.beforeMs), ms(time.afterMs)) : null),
    ),
  ]
  return {
    title: capital(title),
    columns: columns.map(({ column }) => column),
    rows: swapped.map((layer) => columns.map(({ of }) => of(layer))),
    notes: [
      ...dearer(swapped, ', and @ swapped since a name or a rank asks for it', named),
      ...(swapped.some((l) => l.weightError !== undefined) ? ['Weights off: ‖W − W′‖ ÷ ‖W‖.'] : []),
      ...(swapped.some((l) => l.outputError)
        ? [
            'Output off: ‖difference‖ ÷ ‖output‖ on every fourth image, which nothing was fitted to; before and after least squares.',
          ]
        : []),
      ...(swapped.some((l) => l.time) ? ['Time: of the layer alone, in turns with what it was.'] : []),
    ],
  }
}

/** What costs more than before is said. @param why it was swapped all the same: @ stands for was or were */
function dearer(swapped: readonly SwappedAndMeasured[], why: string, named: Named): string[] {
  const layers = swapped.filter(({ cost }) => Number(cost.after.macs) > Number(cost.before.macs))
  if (layers.length === 0) return []
  const [costs, were] = layers.length === 1 ? ['costs', 'was'] : ['cost', 'were']
  return [`${layers.map((l) => named(l.node)).join(', ')} ${costs} more MACs than before${why.replace('@', were)}.`]
}

/** What layers learn, and where it comes from. */
function weightsTable(swapped: readonly SwappedAndMeasured[], { title, facts = {} }: Rewrite, named: Named): Table {
  const keys = Object.keys(facts)
  return {
    title: capital(title),
    columns: [
      { key: 'layer', header: 'Layer', shorten: true },
      { key: 'weights', header: 'Weights' },
      { key: 'from', header: 'From' },
      ...keys.map((key) => ({ key, header: facts[key]! })),
    ],
    rows: swapped.map((layer) => {
      const weights = layer.parameters.filter((p) => p.shape.length > 1)
      const [shapes, sources] = [weights.map((p) => p.shape.join('×')), weights.map((p) => p.from)]
      return [
        named(layer.node),
        shapes.join(', '),
        [...new Set(sources)].join(', '),
        ...keys.map((key) => factText(layer.facts[key])),
      ]
    }),
    notes: dearer(swapped, '', named),
  }
}

const capital = (title: string): string => title.replace(/^./, (letter) => letter.toUpperCase())

const factText = (fact: string | number | undefined): Cell =>
  typeof fact === 'number' ? shortNumber(fact) : (fact ?? null)

function costTable(swapped: readonly SwappedAndMeasured[], named: Named, notes: readonly string[]): Table {
  const text = (value: number | null) => (value === null ? '?' : human(value))
  const columns = [
    ['macs', 'MACs'],
    ['params', 'Parameters'],
    ['accesses', 'Accesses'],
  ] as const
  return {
    title: 'What they cost, before and after',
    columns: [
      { key: 'layer', header: 'Layer', shorten: true },
      ...columns.map(([key, header]): Column => ({ key, header, align: 'right' })),
    ],
    rows: swapped.map(({ node, cost: { before, after } }) => [
      named(node),
      ...columns.map(([key]) => change(text(before[key]), text(after[key]))),
    ]),
    notes,
  }
}

/** Layers that stay for the same reason are a row. */
function keptTable({ kept, refused }: SwapResult, named: Named): Table[] {
  if (kept.length + refused.length === 0) return []
  const byReason = new Map<string, string[]>()
  for (const { node, why } of [...kept, ...refused]) byReason.set(why, [...(byReason.get(why) ?? []), named(node)])
  return [
    {
      title: 'Not swapped',
      columns: [
        { key: 'layer', header: 'Layer', shorten: true },
        { key: 'why', header: 'Why', wrap: true },
      ],
      rows: [...byReason].map(([why, layers]) => [
        layers.length > 3 ? `${layers[0]} and ${layers.length - 1} more` : layers.join(', '),
        why,
      ]),
    },
  ]
}

function trainingNotes(
  name: string,
  { written, statistics }: SwapResult,
  { approximates }: Rewrite,
  { recipe, epochs }: SwapReportOptions,
): string[] {
  const why = !approximates
    ? 'The network must learn anew. Train it, with the one it was made from as teacher:'
    : statistics === 'kept'
      ? '--data photos/ makes it better without labels. Training does more, with the one it was made from as teacher:'
      : 'Training makes it better still, with the one it was made from as teacher:'
  return [
    why,
    recipe !== undefined
      ? `  kerf train ${recipe}`
      : `  kerf train --model ${written?.path ?? 'OUT'} --data … --epochs ${epochs} --teacher ${name} -o RUN`,
    ...(recipe === undefined ? ['--write-recipe FILE writes a recipe.'] : []),
  ]
}
