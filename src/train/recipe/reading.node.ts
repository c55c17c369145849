import type { OpenOptions } from '../../data/index.node.ts'
import type { Recipe } from './schema.ts'

/** How the images of a recipe are opened: the same parts of them for training and for measuring afterwards. */
export const readingOf = ({ seed, validation, transforms, onBadImage }: Recipe): OpenOptions => ({
  seed,
  validation,
  transforms,
  onBadImage,
})
