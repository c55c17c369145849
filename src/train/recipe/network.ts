import type { NamePattern } from '../../base/index.ts'
import type { Model } from '../../graph/index.ts'
import { adderConvolution, nets, trainingInitialization } from '../../nets/index.ts'
import { classifierHead, withNewHead } from '../graph/head.ts'
import type { Recipe } from './schema.ts'

export type FreshRecipe = Recipe & { readonly model: Extract<Recipe['model'], { net: string }> }
export type FileRecipe = Recipe & { readonly model: Extract<Recipe['model'], { onnx: string }> }

/**
 * A network by name, with the weights that training starts from, for images and classes as the data have them unless the recipe says otherwise.
 * @param shape [C, H, W] of an image after the transforms
 */
export function freshNetwork(
  recipe: FreshRecipe,
  shape: readonly [channels: number, height: number, width: number],
  classes: number,
): Model {
  const { net, convolution, ...given } = recipe.model
  const [channels, height, width] = shape
  return nets[net]({
    seed: recipe.seed,
    classes: given.classes === undefined || given.classes === 'data' ? classes : given.classes,
    inChannels: given.inChannels ?? channels,
    inputSize: given.inputSize ?? [height, width],
    initialization: trainingInitialization,
    convolution: convolution === 'adder' ? adderConvolution : undefined,
  })
}

export const isFreshNetwork = (recipe: Recipe): recipe is FreshRecipe => 'net' in recipe.model

/**
 * A file's network, with a new classifier where the recipe asks for another number of classes than the file has.
 * @param shape [C, H, W] of an image after the transforms
 * @param classes those of the data
 * @param say what was done, or why nothing was
 * @throws KerfError `no-head` as `withNewHead`
 */
export function withRecipeHead(
  model: Model,
  recipe: FileRecipe,
  shape: readonly number[],
  classes: number,
  say: (text: string) => void,
): Model {
  const { classes: asked } = recipe.model
  if (asked === undefined) return model
  const wanted = asked === 'data' ? classes : asked
  const head = classifierHead(model, shape)
  if (head.classes === wanted) {
    say(`the model has ${wanted} classes already: its classifier, "${head.layer}", is kept.`)
    return model
  }
  say(`"${head.layer}" has new weights, for ${wanted} classes in place of ${head.classes}.`)
  return withNewHead(model, wanted, { shape, seed: recipe.seed })
}

/** How the classifier learns apart from the rest, as a recipe says it: what a trainer is to be given. */
export function headSettings(
  model: Model,
  { freezeBody, headLearningRate, learningRate }: Recipe,
  shape: readonly number[],
): { readonly freeze: readonly NamePattern[]; readonly rate: ((name: string) => number) | undefined } {
  if (!freezeBody && headLearningRate === undefined) return { freeze: [], rate: undefined }
  const { names } = classifierHead(model, shape)
  return {
    freeze: freezeBody ? [{ text: 'freezeBody', matches: (name) => !names.has(name) }] : [],
    rate:
      headLearningRate === undefined ? undefined : (name) => (names.has(name) ? headLearningRate / learningRate : 1),
  }
}
