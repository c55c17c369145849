import { createLoader, subset } from '../../data/index.ts'
import { pruneModel, type RecoveryStep, recover, recoverySteps } from '../../prune/index.ts'
import { evaluate } from '../../train/index.ts'
import { imagesFor } from '../../workflow/index.ts'
import { atLeast, atMost, control } from '../checks.ts'
import { drawIndices } from '../digits.ts'
import type { Findings, LabContext } from '../experiment.ts'
import { freshLenet } from '../first-iteration.ts'
import { progress } from '../progress.ts'
import { type TrainingPlan, trainBriefly } from '../training.ts'

export interface Settings extends Pick<TrainingPlan, 'trainImages' | 'testImages' | 'epochs' | 'batchSize'> {
  /** Part of the MACs that stays. */
  readonly budget: number
  readonly criterion: string
  /** Those that recovery looks at, without labels. */
  readonly images: number
}

/** What is done to the cut network: each step alone, then what is done by default. */
const ways: readonly { readonly name: string; readonly steps: 'auto' | readonly RecoveryStep[] }[] = [
  ...recoverySteps.map((step) => ({ name: step, steps: [step] })),
  { name: 'by default', steps: 'auto' },
]

export async function measure(settings: Settings, context: LabContext): Promise<Findings> {
  const { budget, criterion, images, testImages, batchSize } = settings
  const { seed, signal, runtime, threads = 1 } = context
  const running = { signal, runtime, threads, onNotice: () => {} }
  const digits = await context.digits()
  const { train, test } = digits.sets
  const fresh = freshLenet('ordinary', seed, train.classes.length)
  const { model } = await trainBriefly(fresh, digits, { ...settings, learningRate: 0.1 }, context, (done) =>
    progress(context, 0.5 * done),
  )
  const measured = createLoader(subset(test, drawIndices(test, testImages, seed)), { batchSize, training: false })
  const accuracyOf = async (network: typeof model) => (await evaluate(network, measured, running)).accuracy
  const whole = await accuracyOf(model)
  const cut = await pruneModel(model, { criterion, seed, target: { of: 'macs', part: budget }, ...running })
  const given = imagesFor(model, subset(train, drawIndices(train, images, seed + 1)), [])
  const rows = [{ name: 'cut', accuracy: await accuracyOf(cut.model), before: Number.NaN, after: Number.NaN }]
  for (const { name, steps } of ways) {
    const recovered = await recover(cut, { images: given, steps, ...running })
    const errors = recovered.steps.map((s) => s.outputError)
    const [before, after] = [errors[0]?.before ?? Number.NaN, errors.at(-1)?.after ?? Number.NaN]
    rows.push({ name, accuracy: await accuracyOf(recovered.model), before, after })
    await progress(context, 0.5 + (0.5 * (rows.length - 1)) / ways.length)
  }
  const [bare, byDefault] = [rows[0]!, rows.at(-1)!]
  return {
    data: `LeNet-5-BN, trained on ${settings.trainImages} images in ${settings.epochs} epochs; ${digits.name}; cut to ${100 * budget} % of the MACs by ${criterion}; ${images} images without labels, ${testImages} to test`,
    tables: [
      {
        title: `Accuracy before the cut: ${(100 * whole).toFixed(2)} %`,
        columns: [
          { key: 'step', header: 'Step' },
          { key: 'accuracy', header: 'Accuracy', kind: 'ratio' },
          { key: 'before', header: 'Error before', kind: 'ratio' },
          { key: 'after', header: 'Error after', kind: 'ratio' },
        ],
        rows: rows.map((r) => [
          r.name,
          r.accuracy,
          Number.isNaN(r.before) ? '' : r.before,
          Number.isNaN(r.after) ? '' : r.after,
        ]),
        notes: ['Error: ‖difference‖ ÷ ‖what the network gave before the cut‖, on images that are held out.'],
      },
    ],
    charts: [
      {
        kind: 'bars',
        title: 'Accuracy',
        format: 'percent',
        categories: ['before the cut', ...rows.map((r) => r.name)],
        series: [{ name: 'accuracy', values: [whole, ...rows.map((r) => r.accuracy)] }],
      },
    ],
    checks: [
      atLeast(
        'by default: part of the accuracy that the cut took',
        0.5,
        (byDefault.accuracy - bare.accuracy) / (whole - bare.accuracy),
      ),
      atMost('by default: error after, of the error before', 0.8, byDefault.after / byDefault.before),
      ...rows.slice(1).map((r) => atMost(`${r.name}: error after, of the error before`, 1, r.after / r.before)),
      control(atLeast('cut, and nothing done: less the accuracy before the cut', -0.02, bare.accuracy - whole)),
    ],
  }
}
