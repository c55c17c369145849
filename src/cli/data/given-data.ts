import { type Command, InvalidArgumentError, Option } from 'commander'
import { KerfError } from '../../base/index.ts'
import { openData } from '../../data/index.node.ts'
import { createLoader, type DataSets, type ImageSet, type Loader, subset, type Transform } from '../../data/index.ts'
import { graphInputs, type Model } from '../../graph/index.ts'
import { parseRecipe, type Recipe, readingOf } from '../../train/index.node.ts'
import { type Assignment, assigned, assignment } from '../train/assignments.ts'
import { dataOption, type GivenData } from '../train/data-option.ts'
import { readRecipe } from '../train/read-recipe.ts'

/* What commands that look at data, but do not train, have in common: which data, and what happens to the images on their way to the network. */

export interface DataOptions {
  readonly data?: GivenData
  readonly resize?: readonly [height: number, width: number]
  readonly normalise?: { readonly mean: readonly number[]; readonly deviation: readonly number[] }
  readonly set: readonly Assignment[]
}

export function addDataOptions(command: Command, what: string): Command {
  return command
    .option('--data <where>', `${what}: mnist:FOLDER, images:TRAIN,TEST … as for kerf train`, dataOption)
    .option('--resize <HxW>', 'resize the images', sizeOption)
    .option('--normalise <mean:deviation>', 'of pixels from 0 to 1, per channel, as in 0.13:0.31', normaliseOption)
    .addOption(
      new Option('--set <field=value>', 'a field of a recipe: data.classes, transforms … (repeatable)')
        .argParser(assignment)
        .default([], 'none'),
    )
}

/**
 * Data and transforms as a recipe has them; undefined where no data are given.
 * @param source a recipe, or the folder of a run, to start from
 */
export function dataRecipe(options: DataOptions, source?: string): Recipe | undefined {
  const { data, resize, normalise, set } = options
  if (data === undefined && source === undefined) return undefined
  const transforms: Transform[] = [
    ...(resize ? [{ kind: 'resize' as const, size: resize }] : []),
    ...(normalise ? [{ kind: 'normalise' as const, ...normalise }] : []),
  ]
  // What looking at data does not need.
  const least = { model: { onnx: '-' }, output: '-', epochs: 1, validation: 0 }
  const changes: Assignment[] = [
    ...(data === undefined ? [] : [{ path: ['data'], value: data }]),
    ...(transforms.length === 0 ? [] : [{ path: ['transforms'], value: transforms }]),
    ...set,
  ]
  return parseRecipe(assigned(source === undefined ? least : readRecipe(source), changes))
}

export const openRecipeData = (recipe: Recipe): Promise<DataSets> => openData(recipe.data, readingOf(recipe))

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
  const loader = createLoader(set, {
    batchSize: typeof batch === 'number' ? batch : Math.max(1, Math.min(64, set.count)),
    transforms,
    training: false,
  })
  if (wanted && !(image.length === 3 && image.every((d, i) => typeof d !== 'number' || d === loader.shape[i]))) {
    const [channels, height, width] = image
    const remedy =
      image.length === 3 && channels === loader.shape[0]
        ? ` Resize them: --resize ${height}x${width}.`
        : ' Give the data that the model is for.'
    throw new KerfError(
      'wrong-data',
      `The images are ${loader.shape.join('×')}, input "${input.name}" of the model is ${image.map((d) => d || '?').join('×')}.${remedy}`,
      { images: loader.shape, input: image },
    )
  }
  return loader
}

function sizeOption(text: string): [number, number] {
  const sizes = /^(\d+)(?:[x×,](\d+))?$/.exec(text)
  const [height, width] = [Number(sizes?.[1]), Number(sizes?.[2] ?? sizes?.[1])]
  if (!(height >= 1 && width >= 1)) throw new InvalidArgumentError('Give height and width, as in 32 or 224x224.')
  return [height, width]
}

function normaliseOption(text: string): { mean: number[]; deviation: number[] } {
  const [mean, deviation, ...more] = text
    .split(':')
    .map((part) => part.split(',').map((v) => (v === '' ? Number.NaN : Number(v))))
  if (
    !mean ||
    !deviation ||
    more.length > 0 ||
    mean.length !== deviation.length ||
    ![...mean, ...deviation].every(Number.isFinite)
  )
    throw new InvalidArgumentError(
      'Give mean and deviation of every channel, as in 0.13:0.31 or 0.5,0.5,0.5:0.2,0.2,0.2.',
    )
  return { mean, deviation }
}
