import type { Command } from 'commander'
import {
  type ImageSet,
  imageMetadata,
  imageShapes,
  layoutOf,
  type ResolvedPreprocessing,
  type Transform,
  withClasses,
} from '../../api/data.ts'
import { analyse, graphInputs, type Model, runnableOperators, simplified, type ValueInfo } from '../../api/graph.ts'
import type { Recipe } from '../../api/train.node.ts'
import { type Dim, KerfError, NodeError, type Shape } from '../../base/index.ts'
import type { InputShapes } from '../options.ts'
import type { GivenData } from '../train/data-option.ts'
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

/** Pictures are drawn no larger: it takes long, and transforms enlarge them. */
const mostDrawn = 64

/**
 * Generated pictures as a model takes them: its channels, its size, its classes, where the option says none of them. Other data stay as they are.
 * @param given classes of a new classifier; undefined: those of the model
 */
export function dataFor(model: Model, data: GivenData | undefined, given?: number | 'data'): GivenData | undefined {
  if (data?.kind !== 'generated') return data
  const [input, ...others] = graphInputs(model.graph)
  const shape = shapeOfInput(model)
  if (!input || others.length > 0 || shape?.length !== 4) return data
  const classes = given ?? classesOf(model)
  const [channels, height, width] = imageSize(input, shape)
  const size = Math.max(Number(height), Number(width))
  return {
    ...(channels === 1 || channels === 3 ? { channels } : {}),
    ...(size >= 4 ? { size: Math.min(size, mostDrawn) } : {}),
    ...(classes === undefined || classes === 'data' ? {} : { classes }),
    ...data,
  }
}

/**
 * The shape of the images that a network is given, where its file leaves sizes open; undefined where it leaves none, or where nothing tells.
 * @param image how images become its input
 */
export function openInputs({ graph }: Model, image: GivenRecipe['image']): InputShapes | undefined {
  const [input] = graphInputs(graph)
  const { crop, resize, channels, layout } = image?.preprocessing ?? {}
  const [height, width] = crop ?? resize ?? []
  const declared = input?.type?.kind === 'tensor' ? input.type.shape : undefined
  if (!input || !channels || !height || !width || declared?.every((d) => typeof d === 'number')) return undefined
  return new Map([[input.name, layout === 'NHWC' ? [1, height, width, channels] : [1, channels, height, width]]])
}

/** Channels, height and width of a shape of four dimensions, as that input has them. */
export const imageSize = (input: ValueInfo, [, a, b, c]: Shape): (Dim | undefined)[] =>
  layoutOf(input) === 'NHWC' ? [c, a, b] : [a, b, c]

/** What the graph says of its only input's shape, else what the file does. */
function shapeOfInput(model: Model): Shape | undefined {
  const [input] = graphInputs(model.graph)
  return imageShapes(model).get(input?.name ?? '') ?? (input?.type?.kind === 'tensor' ? input.type.shape : undefined)
}

/** Of the first output, [N, classes]; undefined where it is none. */
export function classesOf(model: Model): number | undefined {
  try {
    const { values } = analyse(simplified(model, runnableOperators), runnableOperators, {
      inputShapes: imageShapes(model),
    })
    const [, classes, ...others] = values.get(model.graph.outputs[0]?.name ?? '')?.shape ?? []
    return others.length === 0 && typeof classes === 'number' && classes >= 2 ? classes : undefined
  } catch (error) {
    // What is wrong with a graph is said by those who run it.
    if (error instanceof NodeError) return undefined
    throw error
  }
}

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
 * @throws KerfError `wrong-data` for a network with several inputs; UsageError, KerfError as `readRecipe`, `transformsFor`, `parseGivenRecipe`
 */
export function dataRecipe(model: Model, options: DataOptions, source?: string): GivenRecipe | undefined {
  if (options.data === undefined && source === undefined) return undefined
  const inputs = graphInputs(model.graph).map((i) => i.name)
  if (inputs.length > 1)
    throw new KerfError(
      'wrong-data',
      `The model has ${inputs.length} inputs (${inputs.join(', ')}); images of a data set go to networks with one.`,
      { inputs },
    )
  // What looking at data does not need.
  const least = { model: { onnx: '-' }, output: '-', epochs: 1, validation: 0 }
  const read = source === undefined ? least : (readRecipe(source) as { readonly transforms?: readonly Transform[] })
  const { transforms, image } =
    source === undefined
      ? transformsFor(model, options)
      : { transforms: withFlags((read as { transforms?: readonly Transform[] }).transforms ?? [], options) }
  const { seed, set } = options
  const data = dataFor(model, options.data)
  const given = withRecipeFlags({ ...read, transforms }, { data, seed, set })
  return { recipe: parseGivenRecipe(given, { data, seed, set }, source !== undefined), image }
}

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
