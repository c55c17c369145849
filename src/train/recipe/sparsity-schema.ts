import * as z from 'zod/mini'
import { namePattern } from '../../base/index.ts'
import type { OptionsOf, SparsityName, SparsityOptions } from '../sparsity/catalogue.ts'
import { type Rounds, roundsIn } from '../sparsity/lottery.ts'

/*
 * Training for sparsity as a recipe says it: times in epochs, since who writes a recipe thinks in them; methods count steps.
 */

const weightRatio = z.number().check(z.gt(0), z.lt(1), z.describe('The part of the weights that is 0 in the end.'))
const channelRatio = z
  .number()
  .check(
    z.gt(0),
    z.lt(1),
    z.describe('The part of the channels of each group that goes, counted as kerf prune --ratio does.'),
  )
const penalty = z._default(z.number().check(z.positive(), z.describe('λ.')), 1e-4)
const beginEpoch = z._default(z.number().check(z.minimum(0), z.describe('When it begins; may be a fraction.')), 0)
const endEpoch = z.optional(z.number().check(z.positive()))
const global = z._default(z.boolean().check(z.describe('Ranks the weights of all layers together.')), false)
const keep = z._default(
  z
    .array(z.string().check(z.minLength(1)))
    .check(z.describe("Layers and tensors that it leaves alone, as globs over their names ('conv1*').")),
  [],
)

/** One for each method. */
const schemas = {
  gmp: z
    .strictObject({
      method: z.literal('gmp'),
      ratio: weightRatio,
      initialRatio: z._default(z.number().check(z.minimum(0), z.lt(1), z.describe('The part at first.')), 0),
      beginEpoch,
      endEpoch: endEpoch.check(z.describe('When it ends. By default after three quarters of the epochs.')),
      everySteps: z.optional(
        z
          .int()
          .check(
            z.minimum(1),
            z.describe('Steps from one update to the next. By default there are about a hundred updates.'),
          ),
      ),
      global,
      keep,
    })
    .check(
      z.describe('Gradual magnitude pruning (Zhu and Gupta 2017): more and more of the smallest weights become 0.'),
    ),
  'sr-ste': z
    .strictObject({
      method: z.literal('sr-ste'),
      n: z._default(
        z.int().check(z.minimum(1), z.describe('How many of m consecutive inputs may be other than 0.')),
        2,
      ),
      m: z._default(z.int().check(z.minimum(2)), 4),
      penalty: z._default(
        z.number().check(z.minimum(0), z.describe('λ, by which masked weights are made smaller.')),
        2e-4,
      ),
      keep,
    })
    .check(
      z.describe(
        'N:M sparsity by SR-STE (Zhou et al., ICLR 2021): the network always has N of M weights, and learns which.',
      ),
    ),
  'lottery-ticket': z
    .strictObject({
      method: z.literal('lottery-ticket'),
      ratio: weightRatio,
      rounds: z._default(
        z.int().check(z.minimum(1), z.maximum(100), z.describe('How often weights are cut, and the rest is rewound.')),
        1,
      ),
      rewindEpoch: z._default(
        z.number().check(z.minimum(0), z.describe('Where weights are rewound to; 0: the beginning.')),
        0,
      ),
      global,
      keep,
    })
    .check(
      z.describe(
        'Lottery tickets (Frankle et al., ICML 2020): train, cut the smallest weights, set the others back, train again. The epochs are those of all rounds together.',
      ),
    ),
  slimming: z
    .strictObject({ method: z.literal('slimming'), penalty, keep })
    .check(z.describe('Network slimming (Liu et al., ICCV 2017): L1 penalty on the scales of BatchNormalization.')),
  'group-sparsity': z
    .strictObject({
      method: z.literal('group-sparsity'),
      penalty,
      contrast: z._default(
        z
          .number()
          .check(
            z.minimum(0),
            z.maximum(32),
            z.describe('α: the smallest channel of a group is pulled 2^α times as hard as the largest.'),
          ),
        4,
      ),
      keep,
    })
    .check(
      z.describe('Group sparsity (DepGraph, Fang et al., CVPR 2023): L2 penalty on everything that shrinks together.'),
    ),
  'growing-regularisation': z
    .strictObject({
      method: z.literal('growing-regularisation'),
      ratio: channelRatio,
      limit: z._default(z.number().check(z.positive(), z.describe('τ, the largest penalty.')), 1),
      increment: z.optional(
        z
          .number()
          .check(
            z.positive(),
            z.describe('δ, what it grows by. By default so that three quarters of the time bring it to the limit.'),
          ),
      ),
      everySteps: z._default(z.int().check(z.minimum(1), z.describe('K, steps from one increment to the next.')), 10),
      beginEpoch,
      endEpoch: endEpoch.check(
        z.describe(
          'When the channels become 0 for good. By default after three quarters of the epochs; the rest recovers.',
        ),
      ),
      keep,
    })
    .check(
      z.describe(
        'Growing regularisation (Wang et al., ICLR 2021): channels that are to go shrink under a growing penalty.',
      ),
    ),
  sfp: z
    .strictObject({
      method: z.literal('sfp'),
      ratio: channelRatio,
      everyEpochs: z._default(
        z.number().check(z.positive(), z.describe('How often filters are chosen and set to 0.')),
        1,
      ),
      beginEpoch,
      endEpoch: endEpoch.check(z.describe('From here on the choice stays. By default it never does.')),
      keep,
    })
    .check(
      z.describe(
        'Soft filter pruning (He et al., IJCAI 2018): small filters are set to 0 again and again, and go on learning.',
      ),
    ),
} satisfies Record<SparsityName, z.ZodMiniObject>

export const sparsitySchema = z.discriminatedUnion('method', [
  schemas.gmp,
  schemas['sr-ste'],
  schemas['lottery-ticket'],
  schemas.slimming,
  schemas['group-sparsity'],
  schemas['growing-regularisation'],
  schemas.sfp,
])

/** A recipe's field `sparsity`. */
export type SparsityRecipe = z.output<typeof sparsitySchema>

/** How long a recipe trains. */
export interface TrainingLength {
  readonly epochs: number
  readonly stepsPerEpoch: number
}

type RecipeOf<M extends SparsityName> = Extract<SparsityRecipe, { method: M }>

const stepOf = (epoch: number, { stepsPerEpoch }: TrainingLength): number => Math.round(epoch * stepsPerEpoch)

/** Behind three quarters of the training, where a recipe does not say. */
const endOf = (endEpoch: number | undefined, length: TrainingLength): number =>
  stepOf(endEpoch ?? 0.75 * length.epochs, length)

/** When a recipe's lottery tickets are cut and rewound. */
export const roundsOf = (
  { rounds, rewindEpoch }: RecipeOf<'lottery-ticket'>,
  totalSteps: number,
  stepsPerEpoch: number,
): Rounds => roundsIn(totalSteps, rounds, Math.round(rewindEpoch * stepsPerEpoch))

type Unkept<T> = Omit<T, 'keep'>

const settings: {
  readonly [M in SparsityName]: (of: Unkept<RecipeOf<M>>, length: TrainingLength) => Unkept<OptionsOf<M>>
} = {
  gmp: ({ beginEpoch, endEpoch, everySteps, ...of }, length) => {
    const [begin, end] = [stepOf(beginEpoch, length), endOf(endEpoch, length)]
    return { ...of, begin, end, every: everySteps ?? Math.max(1, Math.floor((end - begin) / 100)) }
  },
  'sr-ste': (of) => of,
  'lottery-ticket': ({ rewindEpoch, ...of }, { epochs, stepsPerEpoch }) => ({
    ...of,
    ...roundsOf({ ...of, rewindEpoch, keep: [] }, epochs * stepsPerEpoch, stepsPerEpoch),
  }),
  slimming: (of, length) => ({ ...of, settled: stepOf(length.epochs, length) }),
  'group-sparsity': (of, length) => ({ ...of, settled: stepOf(length.epochs, length) }),
  'growing-regularisation': ({ beginEpoch, endEpoch, everySteps: every, ...of }, length) => {
    const [begin, end] = [stepOf(beginEpoch, length), endOf(endEpoch, length)]
    const increments = Math.max(1, Math.floor((0.75 * (end - begin)) / every))
    return { ...of, begin, end, every, increment: of.increment ?? of.limit / increments }
  },
  sfp: ({ beginEpoch, endEpoch, everyEpochs, ...of }, length) => ({
    ...of,
    begin: stepOf(beginEpoch, length),
    every: Math.max(1, stepOf(everyEpochs, length)),
    end: endEpoch === undefined ? undefined : stepOf(endEpoch, length),
  }),
}

/** What `createTrainer` is to be given, with times in steps. */
export function sparsityOptions(of: SparsityRecipe, length: TrainingLength): SparsityOptions {
  // The settings are those of its own method, which TypeScript does not follow.
  const own = settings[of.method] as (of: Unkept<SparsityRecipe>, length: TrainingLength) => Unkept<SparsityOptions>
  const { keep, ...rest } = of
  return { ...own(rest, length), keep: keep.map(namePattern) } as SparsityOptions
}
