import * as z from 'zod/mini'
import { KerfError } from '../base/index.ts'
import { recoverySteps } from '../prune/index.ts'
import { problemsOf, recipePath, recipeSchema } from '../train/index.ts'

/*
 * What a comparison of criteria needs, as JSON: what it has in common with a training recipe is called as it is there.
 */

const { data, transforms, batchSize, optimiser, schedule, weightDecay, onBadImage, threads } = recipeSchema.shape

const training = z.strictObject({
  epochs: z
    .array(z.int().check(z.minimum(1)))
    .check(z.minLength(1), z.describe('Behind which accuracy is measured, ascending; the last one ends the training.')),
  learningRate: z.number().check(z.positive(), z.describe('The highest one; the schedule goes from there.')),
})

const comparisonSchema = z.strictObject({
  model: recipePath('An ONNX file: the network that is cut.'),
  data,
  transforms,
  output: recipePath('Folder of what is done: the same recipe goes on there.'),
  methods: z._default(z.array(z.enum(['filter', 'neuron'])).check(z.minLength(1)), ['filter']),
  criteria: z.optional(
    z
      .array(z.string().check(z.minLength(1)))
      .check(z.minLength(1), z.describe('Names; all that there are by default.')),
  ),
  budgets: z._default(
    z.array(z.number().check(z.gt(0), z.lt(1))).check(z.minLength(1), z.describe('Parts of the MACs that stay.')),
    [0.5],
  ),
  seeds: z._default(z.array(z.int().check(z.minimum(0))).check(z.minLength(1)), [1, 2, 3]),
  images: z._default(
    z.int().check(z.minimum(1), z.describe('Training images that criteria and recovery look at.')),
    256,
  ),
  testImages: z.optional(
    z.int().check(z.minimum(1), z.describe('Test images that accuracy is measured on; all by default.')),
  ),
  recovery: z._default(
    z.union([z.literal('auto'), z.literal(false), z.array(z.enum(recoverySteps)).check(z.minLength(1))]),
    'auto',
  ),
  fineTuning: z.optional(
    training.check(
      z.describe('Of every cut network, and of the network as it is. By default none, and no row for that.'),
    ),
  ),
  scratch: z.optional(
    training.check(
      z.describe(
        'Of the cut shape with fresh weights: the epochs that the network has had, and those of fine-tuning. By default no such row.',
      ),
    ),
  ),
  ...{ batchSize, optimiser, schedule, weightDecay, onBadImage, threads },
})

/** A comparison of criteria as a file says it, with every default filled in. */
// An intersection, so that the reference calls it by its name.
export type ComparisonRecipe = z.output<typeof comparisonSchema> & {
  /** Folder of what is done: the same recipe goes on there. */
  output: string
}

/**
 * Checks a comparison's recipe and fills in its defaults.
 * @param input what JSON.parse gave
 * @throws KerfError `bad-recipe` listing every problem with its path and what is allowed there
 */
export function parseComparisonRecipe(input: unknown): ComparisonRecipe {
  const result = comparisonSchema.safeParse(input)
  if (result.success) return result.data
  const problems = problemsOf(result.error.issues, comparisonSchema, input)
  const lines = problems.map((p) => `\n  ${p.path}: ${p.problem}`)
  throw new KerfError(
    'bad-recipe',
    `The comparison's recipe has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}:${lines.join('')}`,
    { problems },
  )
}
