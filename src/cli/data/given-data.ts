import type { Command } from 'commander'
import { KerfError } from '../../base/index.ts'
import { openData } from '../../data/index.node.ts'
import {
  createLoader,
  type DataSets,
  type ImageSet,
  type Loader,
  subset,
  type Transform,
  withClasses,
} from '../../data/index.ts'
import { graphInputs, type Model } from '../../graph/index.ts'
import { imageMetadata, type ResolvedPreprocessing } from '../../image/index.ts'
import { type Recipe, readingOf } from '../../train/index.node.ts'
import { readRecipe } from '../train/read-recipe.ts'
import { parseGivenRecipe, type RecipeFlags, withRecipeFlags } from '../train/recipe-flags.ts'
import { addImageFlags, dataFlag, setFlag } from '../vocabulary.ts'
import { transformsFor, withFlags } from './transforms.ts'

/* What commands that look at data, but do not train, have in common: which data, and what happens to the images on their way to the network. */

export type DataOptions = Omit<RecipeFlags, 'model'>

export const addDataOptions = (command: Command, what: string): Command =>
  addImageFlags(command.addOption(dataFlag(what))).addOption(
    setFlag('a field of a recipe that has no flag: data.classes …'),
  )

/** Data and transforms as a recipe has them. */
export interface GivenRecipe {
  readonly recipe: Recipe
  /** How images become the input, and what was assumed; undefined where a recipe says it. */
  readonly image?: ResolvedPreprocessing
}

/**
 * Data and transforms: as flags say; else as a recipe, or else the model's file says.
 * @param source a recipe, or the folder of a run, to start from
 * @returns undefined where no data are given
 * @throws UsageError, KerfError as `readRecipe`, `transformsFor`, `parseGivenRecipe`
 */
export function dataRecipe(model: Model, options: DataOptions, source?: string): GivenRecipe | undefined {
  if (options.data === undefined && source === undefined) return undefined
  // What looking at data does not need.
  const least = { model: { onnx: '-' }, output: '-', epochs: 1, validation: 0 }
  const read = source === undefined ? least : (readRecipe(source) as { readonly transforms?: readonly Transform[] })
  const { transforms, image } =
    source === undefined
      ? transformsFor(model, options)
      : { transforms: withFlags((read as { transforms?: readonly Transform[] }).transforms ?? [], options) }
  const { data, seed, set } = options
  const given = withRecipeFlags({ ...read, transforms }, { data, seed, set })
  return { recipe: parseGivenRecipe(given, { data, seed, set }, source !== undefined), image }
}

export const openRecipeData = (recipe: Recipe): Promise<DataSets> => openData(recipe.data, readingOf(recipe))

/**
 * A set whose labels are the numbers of the model's outputs, as far as names of classes tell.
 * @param names those of the model; by default those in its file
 */
export function inOrderOf(
  model: Model,
  set: ImageSet,
  names: readonly string[] | undefined = imageMetadata(model).classes,
): { readonly set: ImageSet; readonly notice?: string } {
  if (!names) return { set }
  const renamed = withClasses(set, names)
  if (renamed) return { set: renamed }
  const some = (all: readonly string[]) => `${all.slice(0, 3).join(', ')}${all.length > 3 ? ' …' : ''}`
  return {
    set,
    notice: `The data's classes (${some(set.classes)}) are not called as the model's (${some(names)}): they are taken in their order. --classes gives the model's names.`,
  }
}

/** At most so many images, from the whole of a set: sets may be sorted by class. */
export function spread(set: ImageSet, most: number): ImageSet {
  if (most >= set.count) return set
  return subset(
    set,
    Array.from({ length: most }, (_, i) => Math.floor((i * set.count) / most)),
  )
}

/**
 * Images as a model takes them, in order, in batches of its size.
 * @throws KerfError `wrong-data` where the images are not what the model's input is
 */
export function loaderFor(model: Model, set: ImageSet, transforms: readonly Transform[]): Loader {
  const [input, ...others] = graphInputs(model.graph)
  const wanted = input?.type?.kind === 'tensor' ? input.type.shape : undefined
  if (!input || others.length > 0)
    throw new KerfError('wrong-data', `The model has ${others.length + 1} inputs; data sets are for networks with one.`)
  const [batch, ...image] = wanted ?? []
  const refused = (shape: readonly number[]) => {
    const [channels, height, width] = image
    const isLast = image.length === 3 && channels !== shape[0] && width === shape[0]
    const remedy =
      image.length === 3 && channels === shape[0]
        ? ` Resize them: --resize ${height}x${width}.`
        : isLast
          ? ' It is NHWC (channels last), and this command measures NCHW networks only.'
          : ' Give the data that the model is for.'
    return new KerfError(
      'wrong-data',
      `The images are ${shape.join('×')}, input "${input.name}" of the model is ${image.map((d) => d || '?').join('×')}.${remedy}`,
      { images: shape, input: image },
    )
  }
  // Before transforms, which may be for the model's number of channels.
  const isGrey = transforms.some((t) => t.kind === 'channels' && t.order === 'grey')
  if (wanted && typeof image[0] === 'number' && image[0] !== (isGrey ? 1 : set.channels))
    throw refused([set.channels, set.height, set.width])
  const loader = createLoader(set, {
    batchSize: typeof batch === 'number' ? batch : Math.max(1, Math.min(64, set.count)),
    transforms,
    training: false,
  })
  if (wanted && !(image.length === 3 && image.every((d, i) => typeof d !== 'number' || d === loader.shape[i])))
    throw refused(loader.shape)
  return loader
}
