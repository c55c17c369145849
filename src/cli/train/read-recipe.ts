import { existsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { readModelFile, recipeFromFolder } from '../../api/files.node.ts'
import { KerfError, parseJson, readWholeFile } from '../../base/index.node.ts'
import { assigned } from './assignments.ts'

/**
 * A recipe as it was written. The folder of a run stands for its recipe, with the folder as output: it may have been moved since. Paths in a run's recipe
 * are relative to its folder; they are returned as those of the process.
 * @throws KerfError `bad-recipe` when it is no JSON, `is-a-model`, `not-found` for a folder without a run
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
  if (/\.onnx$/i.test(file)) throw isModel(file)
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory())
    throw new KerfError('not-a-file', `${file} is a folder, where a recipe should be. Move it away.`, { path: file })
  const bytes = readWholeFile(file)
  // JSON has no control characters; a model by another name begins with one, and texts of JSON.parse would print it.
  if (bytes.subarray(0, 1000).some((b) => b < 9))
    throw canBeRead(file)
      ? isModel(file)
      : new KerfError('bad-recipe', `${file} is no text but a binary file. Give a recipe, which is JSON.`, {
          path: file,
        })
  const text = new TextDecoder().decode(bytes)
  try {
    const recipe = recipeFromFolder(parseJson(text), dirname(file))
    return folder ? assigned(recipe, [{ path: ['output'], value: path }]) : recipe
  } catch (error) {
    throw new KerfError(
      'bad-recipe',
      `${file} is not JSON: ${(error as Error).message}. Correct it there; docs/recipe.schema.json says what a recipe is.`,
      { path: file },
    )
  }
}

const isModel = (path: string): KerfError =>
  new KerfError(
    'is-a-model',
    `${path} is a model, not a recipe. To train it, give it as --model ${path} (kerf train --help has examples).`,
    { path },
  )

function canBeRead(path: string): boolean {
  try {
    readModelFile(path)
    return true
  } catch {
    return false
  }
}
