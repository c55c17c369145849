import type { Transform } from '../../api/data.ts'
import type { Model } from '../../api/graph.ts'
import { criterionOf } from '../../api/prune.ts'
import { dataFor, type GivenRecipe } from '../data/given-data.ts'
import { type GivenTransforms, transformsFor, withFlags } from '../data/transforms.ts'
import { UsageError } from '../errors.ts'
import { assigned } from '../train/assignments.ts'
import { readRecipe } from '../train/read-recipe.ts'
import { flagsOf, parseGivenRecipe, type RecipeFlags, withRecipeFlags } from '../train/recipe-flags.ts'
import { looksAtImages } from './scoring.ts'

export interface FineTuneFields extends Omit<RecipeFlags, 'model' | 'net' | 'output'> {
  readonly finetune?: string | true
  readonly inexact?: boolean
  readonly criterion: string
  readonly recover?: boolean
  readonly iterations: number
  readonly resume?: boolean
  readonly dryRun?: boolean
}

/** Epochs of fine-tuning where nobody says how many. */
export const fineTuneEpochs = 3

/** Looking at images has threads. */
const withoutImages = ({
  data,
  threads,
  resize,
  fit,
  crop,
  channels,
  scale,
  mean,
  std,
  set,
  ...others
}: RecipeFlags): RecipeFlags => others

/** Recovery has threads, and a step that trains. */
const withoutDistillation = ({
  threads,
  epochs,
  learningRate,
  randomCrop,
  flip,
  cutout,
  mixup,
  ...others
}: RecipeFlags) => others

/**
 * How to train after a cut; undefined where that was not asked for.
 * @throws UsageError for options that need --finetune, without data, or wrong themselves; KerfError `bad-recipe`
 */
export function fineTuneRecipe(path: string, model: Model, options: FineTuneFields): GivenRecipe | undefined {
  const { finetune, inexact, criterion, recover, iterations, resume, dryRun, ...others } = options
  // -o is the pruned model's.
  const flags: RecipeFlags = { ...others, output: undefined, data: dataFor(model, others.data) }
  if (finetune === undefined) {
    // The seed draws what is cut, too; images serve to measure what an inexact cut changes, criteria, and recovery, which has threads.
    const looks = inexact || recover || looksAtImages(criterionOf(criterion))
    const others = recover ? withoutDistillation(flags) : flags
    const given = flagsOf({ ...(looks && flags.data ? withoutImages(others) : others), seed: undefined })
    const all = [...(iterations > 1 ? ['--iterations'] : []), ...(resume ? ['--resume'] : []), ...given]
    if (all.length > 0)
      throw new UsageError(
        `${all.join(', ')} ${all.length === 1 ? 'tells' : 'tell'} how to train after the cut: give --finetune, too.`,
      )
    return undefined
  }
  if (dryRun)
    throw new UsageError('--dry-run writes and runs nothing, so nothing can be fine-tuned. Leave one of the two out.')
  if (finetune === true && !flags.data && !flags.set?.some((s) => s.path[0] === 'data'))
    throw new UsageError('Say what to fine-tune on: --finetune RECIPE, or --data mnist:FOLDER.')
  const read = finetune === true ? { epochs: fineTuneEpochs } : (readRecipe(finetune) as object)
  const { transforms, image }: GivenTransforms =
    finetune === true
      ? transformsFor(model, flags)
      : { transforms: withFlags((read as { transforms?: readonly Transform[] }).transforms ?? [], flags) }
  // Each run has a folder of its own.
  const own = assigned(read, [
    { path: ['model'], value: { onnx: path } },
    { path: ['output'], value: '-' },
    { path: ['transforms'], value: transforms },
  ])
  return { recipe: parseGivenRecipe(withRecipeFlags(own, flags), flags, finetune !== true), image }
}
