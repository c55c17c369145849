import * as z from 'zod/mini'
import { type NetName, nets } from '../../nets/index.ts'
import { dataSchema, transformSchema } from './data-schema.ts'
import { jsonSchema } from './json-schema.ts'
import { path } from './paths.ts'
import { sparsitySchema } from './sparsity-schema.ts'

/*
 * A training recipe: its fields, their ranges and defaults. Where a text is described here, docs/recipe.schema.json and editors show it.
 */

const netNames = Object.keys(nets) as [NetName, ...NetName[]]
/** Images per step where a recipe does not say. */
const defaultBatchSize = 64

const positive = z.number().check(z.positive())
const fraction = z.number().check(z.gt(0), z.lt(1))

const size = z.union([z.int().check(z.minimum(1)), z.tuple([z.int().check(z.minimum(1)), z.int().check(z.minimum(1))])])

const netSchema = z.strictObject({
  net: z.enum(netNames).check(z.describe('A network by name, with fresh weights.')),
  convolution: z._default(
    z.enum(['conv', 'adder']).check(z.describe('What its body convolves with; first and last layers stay ordinary.')),
    'conv',
  ),
  classes: z.optional(
    z
      .union([z.int().check(z.minimum(2)), z.literal('data')])
      .check(z.describe("By default those of the data ('data').")),
  ),
  inChannels: z.optional(z.int().check(z.minimum(1), z.describe('By default those of the data.'))),
  inputSize: z.optional(size.check(z.describe('Pixels, a side or [height, width]; by default those of the data.'))),
})
const onnxSchema = z.strictObject({
  onnx: path('An ONNX file, whose weights training starts from.'),
  classes: z.optional(
    z
      .union([z.int().check(z.minimum(2)), z.literal('data')])
      .check(
        z.describe(
          "Gives the file a new classifier for so many classes, or for those of the data ('data'), where it has another number.",
        ),
      ),
  ),
  inputSize: z.optional(
    size.check(z.describe("Pixels of its images from now on, a side or [height, width]; by default the file's.")),
  ),
})

const warmUp = {
  warmUp: z.optional(
    z
      .strictObject({
        epochs: positive.check(z.describe('Length; may be a fraction.')),
        start: z._default(
          z.number().check(z.minimum(0), z.maximum(1), z.describe('First learning rate as a part of the full one.')),
          0.01,
        ),
      })
      .check(z.describe('A linear rise in front.')),
  ),
}
const scheduleSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('constant'), ...warmUp }),
  z.strictObject({
    kind: z.literal('step'),
    everyEpochs: z.optional(
      z.int().check(z.minimum(1), z.describe('Multiplies the learning rate every so many epochs,')),
    ),
    atEpochs: z.optional(
      z
        .array(z.int().check(z.minimum(1)))
        .check(z.minLength(1), z.describe('or at the start of these, counted from 0.')),
    ),
    factor: z._default(z.number().check(z.gt(0), z.maximum(1)), 0.1),
    ...warmUp,
  }),
  z.strictObject({
    kind: z.literal('cosine'),
    end: z._default(z.number().check(z.minimum(0), z.describe('Learning rate at the end.')), 0),
    per: z._default(z.enum(['step', 'epoch']).check(z.describe('How often the learning rate changes.')), 'step'),
    ...warmUp,
  }),
  z.strictObject({
    kind: z.literal('oneCycle'),
    rise: z._default(fraction.check(z.describe('Part of the training in which the learning rate rises.')), 0.3),
    divide: z._default(z.number().check(z.gt(1), z.describe('First learning rate: learningRate / divide.')), 25),
    finalDivide: z._default(z.number().check(z.gt(1), z.describe('Last learning rate: the first / finalDivide.')), 1e4),
    shape: z._default(z.enum(['cosine', 'linear']), 'cosine'),
  }),
])

const optimiserSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('sgd'),
    momentum: z._default(z.number().check(z.minimum(0), z.lt(1)), 0.9),
    nesterov: z._default(z.boolean(), false),
  }),
  z.strictObject({
    kind: z.literal('adamw'),
    betas: z._default(
      z.tuple([z.number().check(z.minimum(0), z.lt(1)), z.number().check(z.minimum(0), z.lt(1))]),
      [0.9, 0.999],
    ),
    epsilon: z._default(positive, 1e-8),
  }),
])

const distillationSchema = z.strictObject({
  teacher: path('An ONNX file with the same inputs and classes, or net:NAME.'),
  temperature: z._default(positive, 4),
  weight: z._default(
    z.number().check(z.minimum(0), z.maximum(1), z.describe('Of the teacher; the labels have the rest.')),
    0.9,
  ),
  features: z._default(
    z
      .array(
        z.strictObject({
          student: z.string().check(z.minLength(1), z.describe('A value of the network,')),
          teacher: z.string().check(z.minLength(1), z.describe('and one of the teacher, of the same shape.')),
          weight: z._default(positive, 1),
        }),
      )
      .check(z.describe('Pairs whose mean squared difference is added to the loss.')),
    [],
  ),
})

const adderSchema = z.strictObject({
  adaptiveRate: z._default(
    z
      .union([positive, z.literal(false)])
      .check(z.describe("η: each adder layer's gradient is scaled to this root mean square; false: left as it is.")),
    0.2,
  ),
  weightGradient: z._default(z.enum(['full', 'sign']).check(z.describe('X − W, or its sign.')), 'full'),
  inputGradient: z._default(
    z.enum(['clip', 'full', 'sign']).check(z.describe('W − X clipped to [−1, 1], as it is, or its sign.')),
    'clip',
  ),
})

export const recipeSchema = z.strictObject({
  $schema: z.optional(z.string().check(z.describe('For editors.'))),
  model: z.union([netSchema, onnxSchema]).check(z.describe('What is trained: a network by name, or an ONNX file.')),
  data: dataSchema,
  validation: z._default(
    z
      .number()
      .check(
        z.minimum(0),
        z.lt(1),
        z.describe(
          'This part of the training images, drawn by the seed, of every class alike, is not trained on: it chooses best.onnx. 0: none, and no best.onnx. Data that bring validation images use those.',
        ),
      ),
    0.1,
  ),
  transforms: z._default(z.array(transformSchema).check(z.describe('In order; random ones in training only.')), []),
  output: path('Folder of the run.'),
  epochs: z.int().check(z.minimum(1), z.maximum(1e6)),
  batchSize: z.optional(
    z
      .int()
      .check(
        z.minimum(1),
        z.maximum(65536),
        z.describe(`Images per step. By default ${defaultBatchSize}, or all where there are fewer to train on.`),
      ),
  ),
  learningRate: z.optional(
    positive.check(
      z.describe(
        'The highest one; the schedule goes from there. 0.1 by default, 0.001 for adamw; a tenth of it where training starts from an ONNX file.',
      ),
    ),
  ),
  optimiser: z.prefault(optimiserSchema, { kind: 'sgd' }),
  schedule: z.prefault(scheduleSchema, { kind: 'cosine' }),
  weightDecay: z.optional(
    z
      .number()
      .check(
        z.minimum(0),
        z.describe('Of weights; biases and BatchNormalization have none. 0.0005 by default, 0.01 for adamw.'),
      ),
  ),
  gradientClip: z.optional(
    z.strictObject({
      norm: z.optional(positive.check(z.describe('L2 norm of all gradients together.'))),
      value: z.optional(positive.check(z.describe('Of each element; before the norm.'))),
    }),
  ),
  headLearningRate: z.optional(
    positive.check(z.describe('Of the last layer, the classifier: the highest one, likewise. By default that of all.')),
  ),
  freezeBody: z._default(
    z
      .boolean()
      .check(z.describe('Only the last layer, the classifier, learns. Everything before it is as in inference.')),
    false,
  ),
  ema: z.optional(
    z
      .strictObject({
        decay: z._default(fraction, 0.999),
        warmUp: z._default(z.boolean().check(z.describe('Forgets the first weights sooner.')), true),
      })
      .check(z.describe('A moving average of the weights, which is evaluated and saved in their place.')),
  ),
  loss: z._default(z.enum(['crossEntropy', 'meanSquaredError']), 'crossEntropy'),
  labelSmoothing: z._default(z.number().check(z.minimum(0), z.lt(1)), 0),
  distillation: z.optional(distillationSchema),
  adder: z.prefault(adderSchema.check(z.describe('How adder layers learn.')), {}),
  freeze: z._default(
    z
      .array(z.string().check(z.minLength(1)))
      .check(
        z.describe(
          "Layers and tensors that stay as they are, as globs over their names ('layer1*'). A frozen BatchNormalization keeps its running statistics.",
        ),
      ),
    [],
  ),
  masks: z._default(
    z.enum(['none', 'zeros']).check(z.describe("'zeros': weights that are 0 in the model stay 0.")),
    'none',
  ),
  sparsity: z.optional(
    sparsitySchema.check(
      z.describe('Training that makes weights or channels small or zero. Times are in epochs, which may be fractions.'),
    ),
  ),
  onBadImage: z._default(
    z.enum(['skip', 'error']).check(z.describe('Images that cannot be decoded are skipped and counted, or an error.')),
    'skip',
  ),
  seed: z._default(z.int().check(z.minimum(0), z.maximum(2 ** 31 - 1)), 0),
  threads: z.optional(
    z.int().check(z.minimum(1), z.maximum(256), z.describe('By default as many as the machine has.')),
  ),
  evaluateEveryEpochs: z._default(
    z.int().check(z.minimum(1), z.describe('How often the validation images are looked at.')),
    1,
  ),
  patience: z.optional(
    z
      .int()
      .check(
        z.minimum(1),
        z.describe(
          'Training ends when the validation images have not been told better for so many epochs. By default never.',
        ),
      ),
  ),
  checkpointEveryEpochs: z._default(positive.check(z.describe('May be a fraction.')), 1),
})

/** Images per step: as the recipe says, else as many of the default as there are. */
export const batchSizeFor = ({ batchSize }: { readonly batchSize?: number }, images: number): number =>
  batchSize ?? Math.max(1, Math.min(defaultBatchSize, images))

/** What sgd and adamw start from where a recipe does not say. */
export const optimiserDefaults = {
  sgd: { learningRate: 0.1, weightDecay: 5e-4 },
  adamw: { learningRate: 1e-3, weightDecay: 0.01 },
} as const

/** Weights that know something already would forget it at the rate of fresh ones. */
export const learningRateFrom = (optimiser: keyof typeof optimiserDefaults, fresh: boolean): number =>
  optimiserDefaults[optimiser].learningRate / (fresh ? 1 : 10)

/** A recipe with every default filled in; its fields are those of docs/recipe.schema.json. */
export type Recipe = z.output<typeof recipeSchema> & {
  /** Of the schedule's height: the constant, the start of a decay, the peak of a cycle. */
  learningRate: number
  /** λ of ordinary weights. */
  weightDecay: number
}
/** A recipe as it is written: fields with a default may be left out. They are those of docs/recipe.schema.json. */
// An intersection, so that the reference calls it by its name.
export type RecipeInput = z.input<typeof recipeSchema> & {
  /** Address of the schema, for editors. */
  $schema?: string
}

/** JSON Schema (draft 2020-12) of recipe files. */
export const recipeJsonSchema = (): Record<string, unknown> => ({
  title: 'Kerf training recipe',
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  ...jsonSchema(recipeSchema),
})
