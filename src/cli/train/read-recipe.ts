import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { KerfError } from '../../base/index.ts'
import { assigned } from './assignments.ts'

/**
 * A recipe as it was written. The folder of a run stands for its recipe, with the folder as output: it may have been moved since.
 * @throws KerfError `bad-recipe` when it is no JSON, `not-found` for a folder without a run
 */
export function readRecipe(path: string): unknown {
  const folder = existsSync(path) && statSync(path).isDirectory()
  const file = folder ? join(path, 'recipe.json') : path
  if (folder && !existsSync(file))
    throw new KerfError(
      'not-found',
      `${path} holds no run: there is no recipe.json. Give a recipe, or the folder of a run.`,
      {
        path,
      },
    )
  const text = readFileSync(file, 'utf8')
  try {
    const recipe: unknown = JSON.parse(text)
    return folder ? assigned(recipe, [{ path: ['output'], value: path }]) : recipe
  } catch (error) {
    throw new KerfError('bad-recipe', `${file} is not JSON: ${(error as Error).message}.`, { path: file })
  }
}
