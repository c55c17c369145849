import type { MeansReplaced, RecoveredStep } from '../../api/prune.ts'
import { type CutRecoveryStep, cutRecoverySteps, type PruneAndProveOptions } from '../../api/workflow.ts'
import { type Cell, shortNumber, type Table } from '../../report/index.ts'
import { listOf } from '../choices.ts'
import { type ImageSource, someImages } from '../data/image-source.ts'
import { UsageError } from '../errors.ts'

/** What `--recover` and its like say. */
export interface RecoveryFields {
  readonly recover?: boolean
  readonly recoverSteps?: readonly CutRecoveryStep[]
  readonly distilLoss?: (typeof distilLosses)[number]
  readonly epochs?: number
  readonly learningRate?: number
  readonly images?: number
  readonly finetune?: string | boolean
  readonly dryRun?: boolean
  readonly seed?: number
  readonly threads?: number
}

/** So many images are recovered with where nobody says how many. */
export const recoveryImages = 512

export const distilLosses = ['squared', 'divergence'] as const

export const stepList = (text: string): CutRecoveryStep[] => listOf('step', cutRecoverySteps, text)

/**
 * What the network is recovered with: `without-images` where none are given; undefined where that is not asked for.
 * @param source where the images are, and what happens to them
 * @throws UsageError for options that do not go together, and where no data are given; KerfError `too-few-images`, `wrong-data`
 */
export async function recoveryOptions(
  fields: RecoveryFields,
  source: ImageSource | undefined,
): Promise<PruneAndProveOptions['recover']> {
  const { recover, recoverSteps, distilLoss, epochs, learningRate, images, finetune, dryRun, seed, threads } = fields
  if (!recover && recoverSteps) throw new UsageError('--recover-steps says how: give --recover, too.')
  if (!recover && distilLoss) throw new UsageError('--distil-loss is of --recover: give that, too.')
  if (!recover) return undefined
  if (finetune)
    throw new UsageError('--recover does without labels what --finetune does with them: give one of the two.')
  checkDistillation(fields)
  if (!source) {
    const step = recoverSteps?.find((s) => s !== 'mean-replacement')
    const [flag] = images === undefined ? trainingFlags(fields) : ['--images']
    const needs = step === undefined ? flag : `--recover-steps ${step}`
    if (needs !== undefined)
      throw new UsageError(
        `${needs} needs images, without labels: say which, as in --data photos/ (--help has examples). Nothing was written.`,
      )
    return dryRun ? undefined : 'without-images'
  }
  if (dryRun) return undefined
  return {
    ...{ images: someImages(await source.open(), images, recoveryImages), transforms: source.transforms },
    ...{ steps: recoverSteps, distillation: { epochs, learningRate, loss: distilLoss }, seed, threads },
  }
}

/** Those of the step distillation that are given. */
const trainingFlags = ({ distilLoss, epochs, learningRate }: RecoveryFields): string[] =>
  Object.entries({ '--epochs': epochs, '--lr': learningRate, '--distil-loss': distilLoss }).flatMap(([flag, value]) =>
    value === undefined ? [] : [flag],
  )

/** @throws UsageError for settings of a step that is not done */
function checkDistillation(fields: RecoveryFields): void {
  const [flag] = trainingFlags(fields)
  if (flag !== undefined && fields.recoverSteps && !fields.recoverSteps.includes('distillation'))
    throw new UsageError(`${flag} is of the step distillation: name it in --recover-steps, too.`)
}

const change = ({ before, after }: { readonly before: number; readonly after: number }): Cell[] => [
  shortNumber(before),
  shortNumber(after),
]

/** A line for the outputs after each step, and one for each layer. */
export function recoveryTables(steps: readonly RecoveredStep[], named: (name: string) => string): Table[] {
  const columns = (what: string) => [
    { key: 'what', header: what, shorten: true },
    { key: 'before', header: 'Before', align: 'right' as const },
    { key: 'after', header: 'After', align: 'right' as const },
  ]
  const outputs: Table = {
    title: 'Recovery: difference of the outputs from those before the cut',
    columns: columns('Step'),
    rows: steps.map(({ name, kept, why, outputError }) => [
      kept ? name : `${name} ${why === undefined ? '(no better: taken back)' : '(left out)'}`,
      ...change(outputError),
    ]),
    notes: [
      '‖difference‖ ÷ ‖output‖, on every fourth image, which nothing was fitted to.',
      ...steps.flatMap(({ name, why }) => (why === undefined ? [] : [`Left out: ${name}. ${why}`])),
    ],
  }
  const layers = steps
    .filter((step) => step.kept && step.layers.length > 0)
    .map(
      (step): Table => ({
        title: `Layers: ${step.name}`,
        columns: columns('Layer'),
        rows: step.layers.map((layer) => [named(layer.layer), ...change(layer)]),
      }),
    )
  return [outputs, ...layers]
}

/** A line for each layer whose inputs' means are known without images. */
export function meansTable({ layers, unknown }: Omit<MeansReplaced, 'model'>, named: (name: string) => string): Table {
  const left = unknown.length
  const why = `which stay as they were: no normalisation tells what their inputs are on average: ${unknown.slice(0, 3).map(named).join(', ')}${left > 3 ? ' …' : ''}.`
  return {
    title: 'Recovery without images: mean-replacement, by what normalisations keep',
    columns: [
      { key: 'what', header: 'Layer', shorten: true },
      { key: 'before', header: 'Before', align: 'right' as const },
      { key: 'after', header: 'After', align: 'right' as const },
    ],
    rows: layers.map((layer) => [named(layer.layer), ...change(layer)]),
    notes: [
      'Expected ‖difference‖ ÷ ‖output‖ of each layer. Nothing was run and nothing judged: images bring more (--data photos/).',
      ...(left === 0
        ? []
        : [`${left} other ${left === 1 ? 'layer reads' : 'layers read'} channels that are gone, ${why}`]),
    ],
  }
}
