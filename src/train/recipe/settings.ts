import type { LossOptions } from '../graph/loss.ts'
import type { OptimiserOptions } from '../optimisers/create.ts'
import type { CommonOptions } from '../optimisers/optimiser.ts'
import { parameterGroups } from '../optimisers/parameter.ts'
import { createSchedule, type Schedule } from '../schedules/schedule.ts'
import type { SparsityOptions } from '../sparsity/catalogue.ts'
import { rewoundSchedule } from '../sparsity/lottery.ts'
import type { Recipe } from './schema.ts'
import { roundsOf, sparsityOptions } from './sparsity-schema.ts'

/** What `createOptimiser` is to be given. */
export const optimiserSettings = (recipe: Recipe): OptimiserOptions & CommonOptions => ({
  ...recipe.optimiser,
  clip: recipe.gradientClip,
  groups: parameterGroups({ weightDecay: recipe.weightDecay, adaptiveRate: recipe.adder.adaptiveRate }),
})

/** The learning rate of every step; where the recipe rewinds, that of the steps that are gone through again. */
export function scheduleOf({ schedule: options, learningRate, sparsity }: Recipe): Schedule {
  const schedule = createSchedule(options, learningRate)
  if (sparsity?.method !== 'lottery-ticket') return schedule
  return rewoundSchedule(schedule, (total, perEpoch) => roundsOf(sparsity, total, perEpoch))
}

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
