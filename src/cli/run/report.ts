import type { OutputSummary, RankedClass, Session } from '../../api/runtime.ts'
import { type Cell, human, type Report, shapeText, type Table } from '../../report/index.ts'
import type { FeedInfo } from './feeds.ts'
import { assumptionText, preprocessingText } from './image.ts'

export interface RunResult {
  readonly model: string
  readonly backend: string
  readonly threads: number
  readonly feeds: readonly FeedInfo[]
  readonly outputs: readonly OutputSummary[]
  /** The first run, from the inputs to the outputs, without making the plan. */
  readonly timeMs: number
  readonly memory: Session['memory']
  readonly notices: readonly string[]
}

export function runJson({ feeds, ...rest }: RunResult): unknown {
  const inputs = feeds.map(({ name, from, tensor: { elementType, shape }, image }) => ({
    name,
    from,
    elementType,
    shape,
    ...image,
  }))
  const { model, backend, threads, ...results } = rest
  return { model, backend, threads, inputs, ...results }
}

export function runReport(result: RunResult, wrote: readonly string[]): Report {
  const { backend, threads, memory, timeMs } = result
  const facts: [string, string][] = [
    ...result.outputs.flatMap(answers),
    ['Backend', `${backend}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`],
    ...result.feeds.map((f): [string, string] => [
      `Input ${f.name}`,
      `${shapeText(f.tensor.shape)} ${f.tensor.elementType}, ${f.from}`,
    ]),
    ...once(result.feeds.flatMap((f) => (f.image ? preprocessingText(f.image.preprocessing) : []))).map(
      (text): [string, string] => ['Preprocessing', text],
    ),
    ['Time', `${timeMs.toFixed(timeMs < 100 ? 2 : 0)} ms (first run)`],
  ]
  if (memory) facts.push(memoryFact(memory))
  if (wrote.length > 0) facts.push(['Wrote', wrote.join(', ')])
  return {
    title: result.model,
    facts,
    tables: [outputsTable(result.outputs), ...result.outputs.flatMap(topTable)],
    notes: [
      ...once(result.feeds.flatMap((f) => (f.image && assumptionText(f.image)) ?? [])),
      ...result.outputs.flatMap(takenForScores),
    ],
  }
}

const once = (texts: readonly string[]): string[] => [...new Set(texts)]

/** Nothing tells whether a row of numbers are scores of classes, unless these have names, or the numbers are probabilities. */
function takenForScores({ name, top }: OutputSummary): string[] {
  const isKnown = top?.every((ranked) => ranked.every((r) => r.name !== undefined || r.value === r.probability)) ?? true
  return isKnown
    ? []
    : [
        `${name} is taken for scores of classes, whose softmax is the probability. If it is something else, neither Answer nor Probability means anything.`,
      ]
}

/** The first class of every image, in front of everything else: `dog 0.91`. */
const answers = ({ top }: OutputSummary, at: number, all: readonly OutputSummary[]): [string, string][] =>
  top && all.findIndex((o) => o.top) === at
    ? [['Answer', top.map(([first]) => (first ? `${nameOf(first)} ${first.probability.toFixed(2)}` : '?')).join(', ')]]
    : []

const nameOf = ({ index, name }: RankedClass): string => name ?? `class ${index}`

/** Everything, what the activations take at most against what they would take side by side, and what the slow reference takes. */
export const memoryFact = ({ total, arena, sum, host }: NonNullable<Session['memory']>): [string, string] => [
  'Memory',
  [
    human(total + host, 'B'),
    ...(arena > 0 ? [`activations ${human(arena, 'B')}, side by side ${human(sum, 'B')}`] : []),
    ...(host > 0 ? [`slow reference ${human(host, 'B')}`] : []),
  ].join('; '),
]

function outputsTable(outputs: readonly OutputSummary[]): Table {
  const odd = outputs.filter((o) => o.notFinite > 0)
  return {
    columns: [
      { key: 'name', header: 'Output', shorten: true },
      { key: 'type', header: 'Type' },
      { key: 'shape', header: 'Shape' },
      { key: 'min', header: 'Min', kind: 'ratio' },
      { key: 'max', header: 'Max', kind: 'ratio' },
      { key: 'mean', header: 'Mean', kind: 'ratio' },
    ],
    rows: outputs.map((o): Cell[] => [
      o.name,
      o.elementType,
      shapeText(o.shape),
      ...[o.min, o.max, o.mean].map((v) => (v === null ? '–' : plain(v))),
    ]),
    notes: odd.map((o) => `${o.name}: ${o.notFinite.toLocaleString('en')} values are NaN or infinite.`),
  }
}

/** Six significant digits. */
const plain = (value: number): string => String(Number(value.toPrecision(6)))

function topTable({ name, top }: OutputSummary): Table[] {
  if (!top) return []
  const several = top.length > 1
  const named = top.some((ranked) => ranked.some((r) => r.name !== undefined))
  return [
    {
      title: `Largest of ${name}`,
      columns: [
        ...(several ? [{ key: 'image', header: 'Image', kind: 'count' as const }] : []),
        ...(named ? [{ key: 'name', header: 'Class', shorten: true }] : []),
        { key: 'index', header: named ? 'Number' : 'Class', kind: 'count' },
        { key: 'value', header: 'Value', kind: 'ratio' },
        { key: 'probability', header: 'Probability', kind: 'ratio' },
      ],
      rows: top.flatMap((ranked, image) =>
        ranked.map((r): Cell[] => [
          ...(several ? [image] : []),
          ...(named ? [r.name ?? ''] : []),
          String(r.index),
          plain(r.value),
          `${(100 * r.probability).toFixed(2)} %`,
        ]),
      ),
    },
  ]
}
