import type { Model } from '../../graph/index.ts'
import { adderConvolution, nets, trainingInitialization } from '../../nets/index.ts'
import type { Recipe } from './schema.ts'

export type FreshRecipe = Recipe & { readonly model: Extract<Recipe['model'], { net: string }> }

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
    classes: given.classes ?? classes,
    inChannels: given.inChannels ?? channels,
    inputSize: given.inputSize ?? [height, width],
    initialization: trainingInitialization,
    convolution: convolution === 'adder' ? adderConvolution : undefined,
  })
}

export const isFreshNetwork = (recipe: Recipe): recipe is FreshRecipe => 'net' in recipe.model
