import { KerfError, type Model, withImageMetadata } from 'kerf'
import { createLoader, type ImageSet, splitSet, withClasses } from 'kerf/data'
import type { NetName } from 'kerf/nets'
import {
  evaluate,
  parseRecipe,
  prepareTraining,
  type Recipe,
  type RecipeInput,
  recipeJsonSchema,
  scheduleOf,
  type TrainingPosition,
  train,
} from 'kerf/train'
import { channelLayout } from 'kerf/workflow'
import type { Pictures } from '../picture-set.ts'
import { threadedRuntime } from '../threaded-runtime.ts'
import { type KeptTraining, keepBest, keepTraining, keptBest } from './checkpoints.ts'
import type { EpochPoint, FormSchema, TrainOutcome, TrainTold, TrainWish, WorstPicture } from './types.ts'

/** What the page knows by itself, or asks for in another way. */
const ownFields = ['$schema', 'model', 'data', 'output', 'distillation', 'onBadImage']

/** The recipe's schema without what the page knows by itself. */
export function trainSchema(): FormSchema {
  const schema = recipeJsonSchema() as FormSchema
  const properties = Object.entries(schema.properties ?? {}).filter(([name]) => !ownFields.includes(name))
  return { ...schema, properties: Object.fromEntries(properties) }
}

/** What is trained. */
export interface TrainingGiven {
  readonly model: Model
  /** Of its file. */
  readonly name: string
  /** As it was opened. */
  readonly first: Model
  /** Where it is a structure with weights as they were drawn, its name: training draws them anew. */
  readonly net?: string
  readonly pictures: Pictures
  /** Looked at once, at the end. */
  readonly test?: Pictures
  /** Of the model and the pictures: what a checkpoint belongs to. */
  readonly key: string
}

/** @throws KerfError `bad-recipe`, `no-labels` */
function recipeOf({ name, net, pictures, test }: TrainingGiven, { recipe, newHead, teach }: TrainWish): Recipe {
  if (pictures.images.classes.length === 0)
    throw new KerfError(
      'no-labels',
      'The pictures have no labels. Give a folder with a folder for each class, or a table of files and labels, and use them.',
    )
  const { transforms = [], ...fields } = recipe
  return parseRecipe({
    ...fields,
    model: net === undefined ? { onnx: name, ...(newHead ? { classes: 'data' } : {}) } : { net: net as NetName },
    // On the command line a part of them is not learnt from, and looked at once, where no pictures are for that; here nothing is tested then.
    data: { kind: 'images', train: 'pictures', ...(test ? { test: 'test-pictures' } : { testFraction: 0.1 }) },
    output: 'run',
    transforms: [...(transforms as unknown[]), ...pictures.transforms],
    ...(teach ? { distillation: { teacher: name } } : {}),
  } satisfies Record<keyof Pick<RecipeInput, 'model' | 'data' | 'output' | 'transforms'>, unknown>)
}

/**
 * Trains, and says how well the network does then.
 * @param from where it was stopped
 * @returns undefined where it is stopped: what it goes on from is kept
 * @throws KerfError as `parseRecipe`, `prepareTraining` and `train`
 */
export async function trained(
  given: TrainingGiven,
  wish: TrainWish,
  from: KeptTraining | undefined,
  told: TrainTold,
  signal: AbortSignal,
  threads: number,
): Promise<{ readonly model: Model; readonly outcome: TrainOutcome } | undefined> {
  const asked = recipeOf(given, wish)
  const { seed, validation: part } = asked
  const { part: validation, rest } =
    part > 0
      ? splitSet(given.pictures.images, part, seed, 'validation')
      : { part: undefined, rest: given.pictures.images }
  const running = { runtime: threadedRuntime, onNotice: () => {} }
  const test = given.test && inClasses(given.test.images, rest.classes)
  const prepared = await prepareTraining(
    { ...asked, threads: asked.threads ?? threads },
    {
      ...{ ...running, layout: channelLayout, sets: { train: rest, validation, ...(test && { test }) } },
      ...(given.net === undefined && { start: given.model }),
      teacher: () => (wish.teach ? given.first : undefined),
    },
  )
  const { recipe, trainer, training, sets } = prepared
  const epochs: EpochPoint[] = [...(from?.epochs ?? [])]
  let best: Model | undefined
  try {
    const position = from && (from.checkpoint.state.position as TrainingPosition)
    if (from) trainer.importState(from.checkpoint.sections, from.checkpoint.state.step)
    if (position?.best) best = await keptBest(given.key)
    const { stopped } = await train(trainer, {
      ...{ ...running, training, validation: prepared.validation, epochs: recipe.epochs, patience: recipe.patience },
      ...{ loss: recipe.loss, threads: recipe.threads, schedule: scheduleOf(recipe), signal },
      evaluateEveryEpochs: recipe.evaluateEveryEpochs,
      checkpointEverySteps: Math.max(1, Math.round(recipe.checkpointEveryEpochs * training.batches)),
      from: position,
      onEvent(event) {
        if (event.kind !== 'step') return
        const { step, steps, epoch, meanLoss: loss, accuracy } = event
        told.step?.({ step, steps, epoch, loss, accuracy })
      },
      async onEpoch(metrics, isBest, model) {
        if (isBest) {
          best = model()
          await keepBest(given.key, best)
        }
        const point: EpochPoint = {
          epoch: metrics.epoch,
          trainLoss: metrics['train/loss']!,
          trainAccuracy: metrics['train/accuracy']!,
          validationLoss: metrics['validation/loss'],
          validationAccuracy: metrics['validation/accuracy'],
          isBest,
        }
        epochs.push(point)
        told.epoch?.(point)
      },
      async onCheckpoint(position) {
        const checkpoint = { state: { step: position.step, position }, sections: trainer.exportState() }
        await keepTraining({ key: given.key, wish, epochs, checkpoint })
      },
    })
    if (stopped) return undefined
    const model = withImageMetadata(best ?? trainer.model(), { classes: rest.classes })
    const on = sets.test ? 'test' : sets.validation ? 'validation' : 'training'
    const judging = sets.test ?? sets.validation ?? sets.train
    return { model, outcome: await judged(model, judging, recipe, epochs, on, signal) }
  } finally {
    await trainer.dispose()
  }
}

/** @throws Error for test pictures of classes that are not learnt */
function inClasses(set: ImageSet, classes: readonly string[]): ImageSet {
  const same = set.classes.length > 0 ? withClasses(set, classes) : undefined
  if (same) return same
  const [other] = set.classes.filter((name) => !classes.includes(name))
  throw new Error(
    other === undefined
      ? 'The test pictures have no labels. Give a folder with a folder for each class, or a table of files and labels.'
      : `The test pictures have a class "${other}", and those to learn from ${classes.join(', ')}.`,
  )
}

const mostWorst = 12

async function judged(
  model: Model,
  set: ImageSet,
  recipe: Recipe,
  epochs: readonly EpochPoint[],
  on: TrainOutcome['on'],
  signal: AbortSignal,
): Promise<TrainOutcome> {
  const loader = createLoader(set, { batchSize: recipe.batchSize!, transforms: recipe.transforms, training: false })
  const { classes } = set
  const confusion = classes.map(() => classes.map(() => 0))
  const images: { index: number; label: number; predicted: number; loss: number }[] = []
  const { accuracy, loss } = await evaluate(model, loader, {
    ...{ runtime: threadedRuntime, threads: recipe.threads, loss: recipe.loss, signal, onNotice: () => {} },
    onImage(image) {
      const row = confusion[image.label]
      if (row) row[image.predicted] = (row[image.predicted] ?? 0) + 1
      images.push(image)
    },
  })
  const wrong = images.filter(({ label, predicted }) => label !== predicted)
  const worst = wrong.toSorted((a, b) => b.loss - a.loss).slice(0, mostWorst)
  const { $schema: _, ...rest } = recipe
  return {
    ...{ on, images: images.length, accuracy, loss, classes, confusion, epochs },
    worst: await Promise.all(
      worst.map(async ({ index, label, predicted, loss }) => ({
        ...{ label: classes[label] ?? String(label), predicted: classes[predicted] ?? String(predicted), loss },
        ...(await pictureOf(set, index)),
      })),
    ),
    recipe: JSON.stringify(rest, null, 2),
  }
}

async function pictureOf(set: ImageSet, index: number): Promise<Pick<WorstPicture, 'width' | 'height' | 'pixels'>> {
  const { width, height, channels } = set
  const size = width * height
  const values = new Float32Array(channels * size)
  await set.read(index, values)
  const pixels = new Uint8ClampedArray(4 * size)
  for (let i = 0; i < size; i++) {
    for (let c = 0; c < 3; c++) pixels[4 * i + c] = 255 * values[Math.min(c, channels - 1) * size + i]!
    pixels[4 * i + 3] = 255
  }
  return { width, height, pixels }
}
