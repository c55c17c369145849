import type { OpenOptions } from '../../data/index.node.ts'
import type { Recipe } from './schema.ts'

/**
 * How the images of a recipe are opened: the same parts of them for training and for measuring afterwards.
 * @param recipe of a training
 */
export const readingOf = (recipe: Recipe): OpenOptions => {
  const { seed, validation, transforms, onBadImage } = recipe
  return { seed, validation, transforms, onBadImage }
}
