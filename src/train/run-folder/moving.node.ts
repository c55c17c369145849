import { isAbsolute, join, relative, resolve } from 'node:path'
import { mapPaths } from '../recipe/paths.ts'
import { recipeSchema } from '../recipe/schema.ts'

/*
 * The recipe in a run's folder has paths relative to that folder, and "." as its output, which marks it: what lies together can be moved together. Absolute
 * paths stay.
 */

/** A recipe, whose paths are those of the process, as the run's folder keeps it. */
export const recipeForFolder = (recipe: unknown, folder: string): unknown =>
  mapPaths(recipeSchema, recipe, (path) => {
    if (resolve(path) === resolve(folder)) return '.'
    return isAbsolute(path) ? path : relative(resolve(folder), resolve(path)).replaceAll('\\', '/')
  })

/** The `recipe` of a run's `folder`, with paths that are those of the process. One that is not relative to its folder, as those of people and of old runs, stays as it is. */
export const recipeFromFolder = (recipe: unknown, folder: string): unknown =>
  (recipe as { readonly output?: unknown } | null)?.output === '.'
    ? mapPaths(recipeSchema, recipe, (path) => (isAbsolute(path) ? path : join(folder, path)))
    : recipe
