import type { Spread } from '../../base/index.ts'
import { subset } from '../../data/index.ts'
import type { Column } from '../../report/index.ts'
import { type ComparedMethod, comparePruning, type PruningComparison } from '../../workflow/index.ts'
import { atLeast, atMost, control } from '../checks.ts'
import { drawIndices } from '../digits.ts'
import type { Check, Findings, LabContext } from '../experiment.ts'
import { freshLenet } from '../first-iteration.ts'
import { progress } from '../progress.ts'
import { type TrainingPlan, trainBriefly } from '../training.ts'

export interface Settings extends Pick<TrainingPlan, 'trainImages' | 'testImages' | 'epochs' | 'batchSize'> {
  /** Names, or all that there are. */
  readonly criteria: 'all' | readonly string[]
  /** Parts of the MACs that stay. */
  readonly budgets: readonly number[]
  readonly seeds: number
  /** Those that criteria and recovery look at. */
  readonly images: number
  /** Behind which accuracy is measured. */
  readonly fineTuning: readonly number[]
  readonly learningRate: number
}

/** Of the network that is cut. */
const firstRate = 0.1

/** The comparison that was asked for, or one on digits. */
async function compared(settings: Settings, context: LabContext): Promise<{ what: string; found: PruningComparison }> {
  const { comparison, seed, threads = 1, runtime, signal } = context
  if (comparison)
    return { what: comparison.what, found: await comparison.compare({ signal, progress: context.progress }) }
  const { trainImages, testImages, epochs, batchSize, criteria, budgets, images, fineTuning, learningRate } = settings
  const digits = await context.digits()
  const { train, test } = digits.sets
  const fresh = freshLenet('ordinary', seed, train.classes.length)
  const plan = { trainImages, testImages, epochs, batchSize, learningRate: firstRate }
  const { model } = await trainBriefly(fresh, digits, plan, context, (done) => progress(context, 0.1 * done))
  const found = await comparePruning(
    model,
    {
      ...(criteria === 'all' ? {} : { criteria }),
      ...{ budgets, images, batchSize, threads, runtime },
      seeds: Array.from({ length: settings.seeds }, (_, i) => seed + i),
      data: {
        train: subset(train, drawIndices(train, trainImages, seed)),
        test: subset(test, drawIndices(test, testImages, seed)),
      },
      fineTuning: { epochs: fineTuning, learningRate },
      scratch: { epochs: [epochs + Math.max(...fineTuning)], learningRate: firstRate },
    },
    {
      signal,
      progress: ({ done, total = 1 }) => context.progress?.({ what: '', done: 0.1 + (0.9 * done) / total, total: 1 }),
    },
  )
  return { what: `LeNet-5-BN, trained on ${trainImages} images in ${epochs} epochs; ${digits.name}`, found }
}

const percent = ({ mean, deviation, count }: Spread): string =>
  `${(100 * mean).toFixed(2)}${count > 1 ? ` ± ${(100 * deviation).toFixed(2)}` : ''}`

const right = { align: 'right' } as const

function tableOf({ methods, given }: PruningComparison, budget: number) {
  const rows = methods.filter((m) => m.budget === budget || m.budget === 1)
  const epochs = [...new Set(rows.flatMap((m) => m.trained.map((t) => t.epochs)))].sort((a, b) => a - b)
  const has = (field: 'recovered' | 'scoringMs' | 'oracleCorrelation') => rows.some((m) => m[field] !== undefined)
  const columns: (Column & { readonly cell: (m: ComparedMethod) => string | number })[] = [
    { key: 'method', header: 'Method', cell: (m) => m.method },
    { key: 'macs', header: 'MACs', kind: 'count', optional: 3, cell: (m) => Math.round(m.macs.mean) },
    { key: 'params', header: 'Parameters', kind: 'count', optional: 4, cell: (m) => Math.round(m.params.mean) },
    { key: 'cut', header: 'Cut %', ...right, cell: (m) => (m.cut ? percent(m.cut) : '') },
    ...(has('recovered')
      ? [
          {
            key: 'recovered',
            header: 'Recovered',
            ...right,
            cell: (m: ComparedMethod) => (m.recovered ? percent(m.recovered) : ''),
          },
        ]
      : []),
    ...epochs.map((n) => ({
      ...{ key: `epochs${n}`, header: `${n} epoch${n > 1 ? 's' : ''}`, ...right },
      cell: (m: ComparedMethod) => {
        const at = m.trained.find((t) => t.epochs === n)
        return at ? percent(at.accuracy) : ''
      },
    })),
    ...(has('oracleCorrelation')
      ? [
          {
            key: 'oracle',
            header: 'Oracle',
            ...right,
            optional: 1,
            cell: (m: ComparedMethod) => m.oracleCorrelation?.mean.toFixed(2) ?? '',
          },
        ]
      : []),
    ...(has('scoringMs')
      ? [
          {
            key: 'scoring',
            header: 'Scoring ms',
            ...right,
            optional: 2,
            cell: (m: ComparedMethod) => m.scoringMs?.mean.toFixed(0) ?? '',
          },
        ]
      : []),
  ]
  return {
    title: `${Number((100 * budget).toPrecision(4))} % of ${given.macs.toLocaleString('en')} MACs; accuracy ${(100 * given.cut).toFixed(2)} % as given`,
    columns: columns.map(({ cell: _, ...column }) => column),
    rows: rows.map((m) => columns.map((c) => c.cell(m))),
    notes: [
      'Cut: right after it. Recovered: without labels. Then behind epochs of fine-tuning. Oracle: rank correlation with the measured loss.',
    ],
  }
}

/** Of the last training. */
const atEnd = (m: ComparedMethod | undefined): number => m?.trained.at(-1)?.accuracy.mean ?? Number.NaN

function checksOf({ methods, given }: PruningComparison): Check[] {
  const [first] = methods
  const at = (name: string) => methods.find((m) => m.method === name && m.budget === first?.budget)
  const unpruned = methods.find((m) => m.method === 'unpruned')
  const cut = methods.filter((m) => m.budget < 1)
  const criteria = cut.filter((m) => m.cut && m.budget === first?.budget)
  const best = criteria.reduce((a, b) => (atEnd(b) > atEnd(a) ? b : a), criteria[0]!)
  const range = (of: (m: ComparedMethod) => number) => Math.max(...criteria.map(of)) - Math.min(...criteria.map(of))
  const [l2, inverse] = [at('l2'), at('inverse-l2')]
  const tuned = (whole: ComparedMethod): Check[] => [
    atLeast(`Fine-tuned: ${best.method}, less ${best.method} right after the cut`, 0, atEnd(best) - best.cut!.mean),
    atMost(
      'Accuracy, the range over criteria: fine-tuned, of that right after the cut',
      0.5,
      range(atEnd) / range((m) => m.cut!.mean),
    ),
    atMost(`Fine-tuned: ${best.method}, less the whole network with as many epochs`, 0.01, atEnd(best) - atEnd(whole)),
  ]
  return [
    atMost(
      'MACs of a cut network, of its budget, the largest',
      1,
      Math.max(...cut.map((m) => m.macs.mean / (m.budget * given.macs))),
    ),
    ...(unpruned ? tuned(unpruned) : []),
    ...(l2 && inverse
      ? [control(atLeast('Right after the cut: inverse-l2, less l2', 0, inverse.cut!.mean - l2.cut!.mean))]
      : []),
  ]
}

export async function measure(settings: Settings, context: LabContext): Promise<Findings> {
  const { what, found } = await compared(settings, context)
  const budgets = [...new Set(found.methods.map((m) => m.budget))].filter((b) => b < 1).sort((a, b) => b - a)
  return {
    data: `${what}; ${found.testImages} test images, ${found.images} images for criteria`,
    tables: budgets.map((budget) => tableOf(found, budget)),
    charts: budgets.map((budget) => {
      const rows = found.methods.filter((m) => m.budget === budget || m.budget === 1)
      return {
        kind: 'bars',
        title: `Accuracy at ${100 * budget} % of the MACs`,
        format: 'percent',
        categories: rows.map((m) => m.method),
        series: [
          { name: 'cut', values: rows.map((m) => m.cut?.mean ?? Number.NaN) },
          ...(rows.some((m) => m.trained.length > 0) ? [{ name: 'fine-tuned', values: rows.map(atEnd) }] : []),
        ],
      }
    }),
    checks: checksOf(found),
  }
}
