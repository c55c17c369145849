import { type Command, Option } from 'commander'
import { type DataSets, type ImageSet, imageMetadata, type Transform } from '../../api/data.ts'
import { openData, openPart, readingOf } from '../../api/files.node.ts'
import type { Model } from '../../api/graph.ts'
import { imagesFor, type ModelImages, spread } from '../../api/workflow.ts'
import { KerfError, type Task } from '../../base/index.ts'
import { UsageError } from '../errors.ts'
import type { Io } from '../io.ts'
import { positiveInteger } from '../options.ts'
import { addDataOptions, type DataOptions, dataRecipe, type GivenRecipe, inOrderOf } from './given-data.ts'
import { asOnePart } from './image-source.ts'
import { skippedText } from './skipped.ts'

/* Images that a network is looked at with, labelled or not. */

/** What `addGivenImages` gives a command. */
export interface GivenImagesOptions extends DataOptions {
  readonly images: number
  readonly labels: boolean
  readonly classes?: readonly string[]
}

/** @param most how many images are taken where nobody says it */
export const addGivenImages = (command: Command, what: string, most: number): Command =>
  addDataOptions(command, what)
    .addOption(new Option('--images <n>', 'at most so many, evenly from all').argParser(positiveInteger).default(most))
    .option('--no-labels', 'look at the images alone, whatever folders they lie in')

/** All that a command is given: to work with, and what the data bring to judge by. */
export interface GivenSets {
  readonly images: ImageSet
  readonly validation?: ImageSet
  readonly test?: ImageSet
  readonly transforms: readonly Transform[]
  readonly notices: readonly string[]
  readonly image: GivenRecipe['image']
}

/**
 * Opens the data with all their parts, each of at most `options.images`; a folder of images without parts is one set.
 * @param source a recipe, or the folder of a run, that says what `options` do not
 * @throws UsageError without data; KerfError as `openData`
 */
export async function openGivenSets(
  model: Model,
  options: GivenImagesOptions,
  source: string | undefined,
  task: Task,
  io: Io,
): Promise<GivenSets> {
  const given = dataRecipe(model, options, source)
  if (!given)
    throw new UsageError('Say which images to work with: --data photos/, or mnist:FOLDER (--help has examples).')
  const { data, transforms } = given.recipe
  const names = imageMetadata(model).classes
  const reading = { ...readingOf(given.recipe), ...task, labels: options.labels ? 'optional' : 'none' } as const
  const whole = asOnePart(given.recipe)
  const sets: Partial<DataSets> =
    whole === given.recipe
      ? await openData(data, reading)
      : { train: await openPart(whole.data, 'test', { ...reading, classes: names }) }
  const notices: string[] = []
  const some = (set: ImageSet | undefined): ImageSet | undefined => {
    if (!set) return undefined
    io.err(skippedText(set.skipped))
    const { set: ordered, notice } =
      options.labels && set.classes.length > 0 ? inOrderOf(model, set, names) : { set, notice: undefined }
    if (notice && !notices.includes(notice)) notices.push(notice)
    return spread(ordered, options.images)
  }
  const [images, validation, test] = [some(sets.train), some(sets.validation), some(sets.test)]
  return { images: images!, validation, test, transforms, notices, image: given.image }
}

/** What a command looks at. */
export interface GivenImages {
  readonly set: ImageSet
  readonly images: ModelImages
  readonly notices: readonly string[]
  readonly image: GivenRecipe['image']
}

/**
 * Opens one part of the data, as a model takes them; a folder of images without parts is looked at as a whole.
 * @throws UsageError without data; KerfError `no-images`, and as `openPart` and `imagesFor`
 */
export async function openGivenImages(
  model: Model,
  options: GivenImagesOptions,
  part: 'test' | 'validation' | 'train',
  task: Task,
  io: Io,
): Promise<GivenImages> {
  const given = dataRecipe(model, options)
  if (!given)
    throw new UsageError('Say which images to look at: --data photos/, or mnist:FOLDER (--help has examples).')
  const recipe = asOnePart(given.recipe)
  const names = imageMetadata(model).classes
  const labels = options.labels ? 'optional' : 'none'
  const opened = await openPart(recipe.data, part, { ...readingOf(recipe), ...task, classes: names, labels })
  if (!opened)
    throw new KerfError('no-validation', 'The data have no validation images. Look at another part: --part test.')
  io.err(skippedText(opened.skipped))
  const hasLabels = options.labels && opened.classes.length > 0
  const { set, notice } = hasLabels ? inOrderOf(model, opened, names) : { set: opened, notice: undefined }
  const some = spread(set, options.images)
  return {
    set: some,
    images: imagesFor(model, some, recipe.transforms),
    notices: notice ? [notice] : [],
    image: given.image,
  }
}
