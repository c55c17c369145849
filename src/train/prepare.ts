import { namePattern } from '../base/index.ts'
import { createLoader, type DataSets, type Loader } from '../data/index.ts'
import type { Model } from '../graph/index.ts'
import type { RunningOptions } from '../runtime/index.ts'
import { withInputSize } from './graph/images.ts'
import { inClassesOf } from './image-metadata.ts'
import { type FileRecipe, type FreshRecipe, freshNetwork, headSettings, withRecipeHead } from './recipe/network.ts'
import { batchSizeFor, type Recipe } from './recipe/schema.ts'
import { gradientChoices, lossOf, optimiserSettings, sparsitySettings } from './recipe/settings.ts'
import type { LayoutOf } from './sparsity/method.ts'
import { createTrainer, type Trainer, type TrainerOptions } from './trainer.ts'

/** Images that a recipe's network learns from, and is judged by. */
export type TrainingSets = Pick<DataSets, 'train' | 'validation'>

/** What a recipe is about, at hand. Its paths are not looked at. */
export interface TrainingParts<S extends TrainingSets = TrainingSets>
  extends Pick<RunningOptions, 'signal' | 'onNotice' | 'runtime'> {
  /** Images with labels. */
  readonly sets: S
  /** The network of the recipe's file; undefined for one that it names. */
  readonly start?: Model
  /** The recipe's teacher, for images of a shape and so many classes. */
  readonly teacher?: (shape: Loader['shape'], classes: number) => Model | undefined
  /** Where channels and inputs lie in weights, for methods of sparsity. */
  readonly layout?: LayoutOf
  /** Makes the trainer; `createTrainer` by default. */
  readonly create?: (model: Model, options: TrainerOptions) => Promise<Trainer>
}

/** A recipe that is ready for its first step: what `train` takes. */
export interface PreparedTraining<S extends TrainingSets = TrainingSets> {
  /** With the batch size that the data have images for. */
  readonly recipe: Recipe
  /** With labels as the network numbers its classes. */
  readonly sets: S
  /** Images to learn from. */
  readonly training: Loader
  /** Images that choose the best network; undefined where there are none. */
  readonly validation: Loader | undefined
  /** To be disposed of. */
  readonly trainer: Trainer
}

/**
 * Makes everything that a recipe says ready: the network with its classifier, loaders of the images, the trainer.
 * @param given with every default filled in, as `parseRecipe` gives it
 * @param parts what stands in the place of the recipe's files
 * @throws KerfError as `createTrainer`, `createLoader` and `withNewHead`
 */
export async function prepareTraining<S extends TrainingSets>(
  given: Recipe,
  parts: TrainingParts<S>,
): Promise<PreparedTraining<S>> {
  const { start, teacher, layout, create = createTrainer, signal, runtime, onNotice } = parts
  const notice = onNotice ?? (() => {})
  const { seed, transforms, threads } = given
  const { inputSize } = given.model
  const own = start && inputSize !== undefined ? withInputSize(start, inputSize) : start
  const sets = own ? inClassesOf(own, parts.sets) : parts.sets
  const batchSize = batchSizeFor(given, sets.train.count)
  if (batchSize < batchSizeFor(given, Number.POSITIVE_INFINITY))
    notice(
      `there ${batchSize === 1 ? 'is one image' : `are ${batchSize} images`} to train on: a batch is all of them (--batch-size gives a smaller one).`,
    )
  const recipe = { ...given, batchSize }
  const training = createLoader(sets.train, { batchSize, transforms, seed, training: true })
  const validation = sets.validation && createLoader(sets.validation, { batchSize, transforms, seed, training: false })
  const { shape, classes } = training
  const model = own
    ? withRecipeHead(own, recipe as FileRecipe, shape, classes, notice)
    : freshNetwork(recipe as FreshRecipe, shape, classes)
  const head = headSettings(model, recipe, shape)
  const trainer = await create(model, {
    ...{ batchSize, shape, classes, layout, seed, threads, signal, runtime, onNotice },
    optimiser: optimiserSettings(recipe),
    loss: lossOf(recipe),
    choices: gradientChoices(recipe),
    teacher: teacher?.(shape, classes),
    freeze: [...recipe.freeze.map(namePattern), ...head.freeze],
    rate: head.rate,
    masks: recipe.masks === 'zeros' ? 'zeros' : undefined,
    average: recipe.ema,
    sparsity: sparsitySettings(recipe, training.batches),
  })
  return { recipe, sets, training, validation, trainer }
}
