import * as z from 'zod'
import { namePattern } from '../../base/index.ts'
import type { OptionsOf, SparsityName, SparsityOptions } from '../sparsity/catalogue.ts'

/*
 * Training for sparsity as a recipe says it: times in epochs, since who writes a recipe thinks in them; methods count steps.
 */

const ratio = z.number().gt(0).lt(1)
const common = {
  keep: z
    .array(z.string().min(1))
    .default([])
    .describe("Layers and tensors that it leaves alone, as globs over their names ('conv1*')."),
}
const beginEpoch = z.number().min(0).default(0)
const endEpoch = z.number().positive().optional()
const everySteps = z.int().min(1).optional()

/** One for each method. */
const schemas = {
  gmp: z
    .strictObject({
      method: z.literal('gmp'),
      ratio: ratio.describe('The part of the weights that is 0 in the end.'),
      initialRatio: z.number().min(0).lt(1).default(0).describe('The part at first.'),
      beginEpoch: beginEpoch.describe('When it begins; may be a fraction.'),
      endEpoch: endEpoch.describe('When it ends. By default after three quarters of the epochs.'),
      everySteps: everySteps.describe('Steps from one update to the next. By default there are about a hundred.'),
      global: z.boolean().default(false).describe('Ranks the weights of all layers together.'),
      ...common,
    })
    .describe('Gradual magnitude pruning (Zhu and Gupta 2017): more and more of the smallest weights become 0.'),
} satisfies Record<SparsityName, z.ZodObject>

export const sparsitySchema = z.discriminatedUnion('method', [schemas.gmp])

/** A recipe's field `sparsity`. */
export type SparsityRecipe = z.output<typeof sparsitySchema>

/** How long a recipe trains. */
export interface TrainingLength {
  readonly epochs: number
  readonly stepsPerEpoch: number
}

type Settings = {
  [M in SparsityName]: (of: Extract<SparsityRecipe, { method: M }>, length: TrainingLength) => OptionsOf<M>
}

const settings: Settings = {
  gmp: ({ beginEpoch, endEpoch, everySteps, keep, ...of }, length) => {
    const begin = stepOf(beginEpoch, length)
    const end = stepOf(endEpoch ?? 0.75 * length.epochs, length)
    const every = everySteps ?? Math.max(1, Math.floor((end - begin) / 100))
    return { ...of, begin, end, every, keep: keep.map(namePattern) }
  },
}

const stepOf = (epoch: number, { stepsPerEpoch }: TrainingLength): number => Math.round(epoch * stepsPerEpoch)

/** What `createTrainer` is to be given, with times in steps. */
export function sparsityOptions(of: SparsityRecipe, length: TrainingLength): SparsityOptions {
  return settings[of.method](of, length)
}
