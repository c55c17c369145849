import * as z from 'zod'
import { type NetName, nets } from '../../nets/index.ts'
import { dataSchema, transformSchema } from './data-schema.ts'
import { path } from './paths.ts'
import { sparsitySchema } from './sparsity-schema.ts'

/*
 * A training recipe: its fields, their ranges and defaults. Where a text is described here, docs/recipe.schema.json and editors show it.
 */

const netNames = Object.keys(nets) as [NetName, ...NetName[]]
/** Images per step where a recipe does not say. */
const defaultBatchSize = 64

const positive = z.number().positive()
const fraction = z.number().gt(0).lt(1)

const size = z.union([z.int().min(1), z.tuple([z.int().min(1), z.int().min(1)])])

const netSchema = z.strictObject({
  net: z.enum(netNames).describe('A network by name, with fresh weights.'),
  convolution: z
    .enum(['conv', 'adder'])
    .default('conv')
    .describe('What its body convolves with; first and last layers stay ordinary.'),
  classes: z
    .union([z.int().min(2), z.literal('data')])
    .optional()
    .describe("By default those of the data ('data')."),
  inChannels: z.int().min(1).optional().describe('By default those of the data.'),
  inputSize: size.optional().describe('Pixels, a side or [height, width]; by default those of the data.'),
})
const onnxSchema = z.strictObject({
  onnx: path('An ONNX file, whose weights training starts from.'),
  classes: z
    .union([z.int().min(2), z.literal('data')])
    .optional()
    .describe(
      "Gives the file a new classifier for so many classes, or for those of the data ('data'), where it has another number.",
    ),
  inputSize: size
    .optional()
    .describe("Pixels of its images from now on, a side or [height, width]; by default the file's."),
})

const warmUp = {
  warmUp: z
    .strictObject({
      epochs: positive.describe('Length; may be a fraction.'),
      start: z.number().min(0).max(1).default(0.01).describe('First learning rate as a part of the full one.'),
    })
    .optional()
    .describe('A linear rise in front.'),
}
const scheduleSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('constant'), ...warmUp }),
  z.strictObject({
    kind: z.literal('step'),
    everyEpochs: z.int().min(1).optional().describe('Multiplies the learning rate every so many epochs,'),
    atEpochs: z.array(z.int().min(1)).min(1).optional().describe('or at the start of these, counted from 0.'),
    factor: z.number().gt(0).max(1).default(0.1),
    ...warmUp,
  }),
  z.strictObject({
    kind: z.literal('cosine'),
    end: z.number().min(0).default(0).describe('Learning rate at the end.'),
    per: z.enum(['step', 'epoch']).default('step').describe('How often the learning rate changes.'),
    ...warmUp,
  }),
  z.strictObject({
    kind: z.literal('oneCycle'),
    rise: fraction.default(0.3).describe('Part of the training in which the learning rate rises.'),
    divide: z.number().gt(1).default(25).describe('First learning rate: learningRate / divide.'),
    finalDivide: z.number().gt(1).default(1e4).describe('Last learning rate: the first / finalDivide.'),
    shape: z.enum(['cosine', 'linear']).default('cosine'),
  }),
])

const optimiserSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('sgd'),
    momentum: z.number().min(0).lt(1).default(0.9),
    nesterov: z.boolean().default(false),
  }),
  z.strictObject({
    kind: z.literal('adamw'),
    betas: z.tuple([z.number().min(0).lt(1), z.number().min(0).lt(1)]).default([0.9, 0.999]),
    epsilon: positive.default(1e-8),
  }),
])

const distillationSchema = z.strictObject({
  teacher: path('An ONNX file with the same inputs and classes, or net:NAME.'),
  temperature: positive.default(4),
  weight: z.number().min(0).max(1).default(0.9).describe('Of the teacher; the labels have the rest.'),
  features: z
    .array(
      z.strictObject({
        student: z.string().min(1).describe('A value of the network,'),
        teacher: z.string().min(1).describe('and one of the teacher, of the same shape.'),
        weight: positive.default(1),
      }),
    )
    .default([])
    .describe('Pairs whose mean squared difference is added to the loss.'),
})

const adderSchema = z.strictObject({
  adaptiveRate: z
    .union([positive, z.literal(false)])
    .default(0.2)
    .describe("η: each adder layer's gradient is scaled to this root mean square; false: left as it is."),
  weightGradient: z.enum(['full', 'sign']).default('full').describe('X − W, or its sign.'),
  inputGradient: z
    .enum(['clip', 'full', 'sign'])
    .default('clip')
    .describe('W − X clipped to [−1, 1], as it is, or its sign.'),
})

export const recipeSchema = z.strictObject({
  $schema: z.string().optional().describe('For editors.'),
  model: z.union([netSchema, onnxSchema]).describe('What is trained: a network by name, or an ONNX file.'),
  data: dataSchema,
  validation: z
    .number()
    .min(0)
    .lt(1)
    .default(0.1)
    .describe(
      'This part of the training images, drawn by the seed, of every class alike, is not trained on: it chooses best.onnx. 0: none, and no best.onnx. Data that bring validation images use those.',
    ),
  transforms: z.array(transformSchema).default([]).describe('In order; random ones in training only.'),
  output: path('Folder of the run.'),
  epochs: z.int().min(1).max(1e6),
  batchSize: z
    .int()
    .min(1)
    .max(65536)
    .optional()
    .describe(`Images per step. By default ${defaultBatchSize}, or all where there are fewer to train on.`),
  learningRate: positive
    .optional()
    .describe(
      'The highest one; the schedule goes from there. 0.1 by default, 0.001 for adamw; a tenth of it where training starts from an ONNX file.',
    ),
  optimiser: optimiserSchema.prefault({ kind: 'sgd' }),
  schedule: scheduleSchema.prefault({ kind: 'cosine' }),
  weightDecay: z
    .number()
    .min(0)
    .optional()
    .describe('Of weights; biases and BatchNormalization have none. 0.0005 by default, 0.01 for adamw.'),
  gradientClip: z
    .strictObject({
      norm: positive.optional().describe('L2 norm of all gradients together.'),
      value: positive.optional().describe('Of each element; before the norm.'),
    })
    .optional(),
  headLearningRate: positive
    .optional()
    .describe('Of the last layer, the classifier: the highest one, likewise. By default that of all.'),
  freezeBody: z
    .boolean()
    .default(false)
    .describe('Only the last layer, the classifier, learns. Everything before it is as in inference.'),
  ema: z
    .strictObject({
      decay: fraction.default(0.999),
      warmUp: z.boolean().default(true).describe('Forgets the first weights sooner.'),
    })
    .optional()
    .describe('A moving average of the weights, which is evaluated and saved in their place.'),
  loss: z.enum(['crossEntropy', 'meanSquaredError']).default('crossEntropy'),
  labelSmoothing: z.number().min(0).lt(1).default(0),
  distillation: distillationSchema.optional(),
  adder: adderSchema.prefault({}).describe('How adder layers learn.'),
  freeze: z
    .array(z.string().min(1))
    .default([])
    .describe(
      "Layers and tensors that stay as they are, as globs over their names ('layer1*'). A frozen BatchNormalization keeps its running statistics.",
    ),
  masks: z.enum(['none', 'zeros']).default('none').describe("'zeros': weights that are 0 in the model stay 0."),
  sparsity: sparsitySchema
    .optional()
    .describe('Training that makes weights or channels small or zero. Times are in epochs, which may be fractions.'),
  onBadImage: z
    .enum(['skip', 'error'])
    .default('skip')
    .describe('Images that cannot be decoded are skipped and counted, or an error.'),
  seed: z
    .int()
    .min(0)
    .max(2 ** 31 - 1)
    .default(0),
  threads: z.int().min(1).max(256).optional().describe('By default as many as the machine has.'),
  evaluateEveryEpochs: z.int().min(1).default(1).describe('How often the validation images are looked at.'),
  patience: z
    .int()
    .min(1)
    .optional()
    .describe(
      'Training ends when the validation images have not been told better for so many epochs. By default never.',
    ),
  checkpointEveryEpochs: positive.default(1).describe('May be a fraction.'),
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
  ...z.toJSONSchema(recipeSchema, { io: 'input' }),
})
