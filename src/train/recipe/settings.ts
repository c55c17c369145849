import type { LossOptions } from '../graph/loss.ts'
import type { OptimiserOptions } from '../optimisers/create.ts'
import type { CommonOptions } from '../optimisers/optimiser.ts'
import { parameterGroups } from '../optimisers/parameter.ts'
import { createSchedule, type Schedule } from '../schedules/schedule.ts'
import type { SparsityOptions } from '../sparsity/catalogue.ts'
import type { Recipe } from './schema.ts'
import { sparsityOptions } from './sparsity-schema.ts'

/** What `createOptimiser` is to be given. */
export const optimiserSettings = (recipe: Recipe): OptimiserOptions & CommonOptions => ({
  ...recipe.optimiser,
  clip: recipe.gradientClip,
  groups: parameterGroups({ weightDecay: recipe.weightDecay, adaptiveRate: recipe.adder.adaptiveRate }),
})

/** The learning rate of every step. */
export const scheduleOf = (recipe: Recipe): Schedule => createSchedule(recipe.schedule, recipe.learningRate)

/** What `differentiate` is to be given for adder layers. */
export const gradientChoices = ({ adder }: Recipe): Readonly<Record<string, string>> => ({
  'AdderConv.weight': adder.weightGradient,
  'AdderConv.input': adder.inputGradient,
})

/** What `createTrainer` is to be given. */
export const lossOf = ({ loss, labelSmoothing, distillation }: Recipe): LossOptions => ({
  kind: loss,
  labelSmoothing,
  ...(distillation ? { distillation } : {}),
})

/**
 * What `createTrainer` is to be given: times in steps; undefined where the recipe has no `sparsity`.
 * @param stepsPerEpoch batches of the images to learn from
 */
export const sparsitySettings = ({ sparsity, epochs }: Recipe, stepsPerEpoch: number): SparsityOptions | undefined =>
  sparsity && sparsityOptions(sparsity, { epochs, stepsPerEpoch })
