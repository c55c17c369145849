import type * as z from 'zod/mini'
import { elementOf, pathText, shapeOf, unwrapped } from './problems.ts'
import { type Recipe, recipeSchema } from './schema.ts'

/** What happens where an optional field is left out; "none" for the others. */
const absent: Readonly<Record<string, string>> = {
  'model.classes': 'those of the data',
  'model.inChannels': 'those of the data',
  'model.inputSize': 'that of the data',
  batchSize: '64, or all there are',
  headLearningRate: 'that of all',
  threads: 'all of the machine',
}

/** The same where the model is a file. */
const ofFile: Readonly<Record<string, string>> = {
  'model.classes': 'those of the file',
  'model.inputSize': 'that of the file',
}

export interface RecipeLine {
  readonly path: string
  readonly value: string
  /** Not in the file. */
  readonly isDefault: boolean
}

/**
 * Every field of a recipe, in the schema's order, with those that were left out.
 * @param given the recipe as it was written, which tells what is a default; by default everything was given
 */
export function recipeLines(recipe: Recipe, given: unknown = recipe): RecipeLine[] {
  const isFile = 'onnx' in recipe.model
  return linesOf(recipeSchema, recipe, given, [])
    .filter((line) => line.path !== '$schema')
    .map((line) =>
      isFile && line.value === absent[line.path] ? { ...line, value: ofFile[line.path] ?? line.value } : line,
    )
}

/**
 * Every field of a recipe as aligned text, one line each: `optimiser.momentum   0.9   (default)`.
 * @param given the recipe as it was written, which tells what is a default
 */
export function describeRecipe(recipe: Recipe, given: unknown = recipe): string {
  const lines = recipeLines(recipe, given)
  const [paths, values] = [lines.map((l) => l.path.length), lines.map((l) => l.value.length)]
  const [pathWidth, valueWidth] = [Math.max(...paths), Math.min(40, Math.max(...values))]
  return lines
    .map(({ path, value, isDefault }) =>
      `${path.padEnd(pathWidth)}  ${isDefault ? `${value.padEnd(valueWidth)}  (default)` : value}`.trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('')
}

function linesOf(schema: z.ZodMiniType, value: unknown, given: unknown, path: readonly PropertyKey[]): RecipeLine[] {
  const line = (text: string): RecipeLine[] => [{ path: pathText(path), value: text, isDefault: given === undefined }]
  if (value === undefined) return line(absent[pathText(path)] ?? 'none')
  const child = (key: PropertyKey) => (given as Record<PropertyKey, unknown> | undefined)?.[key]
  if (Array.isArray(value) && value.some((v) => typeof v === 'object')) {
    const element = elementOf(unwrapped(schema) as z.ZodMiniArray)
    return value.flatMap((v, i) => linesOf(element, v, child(i), [...path, i]))
  }
  const shape = typeof value === 'object' ? shapeOf(schema, value) : undefined
  if (!shape)
    return line(
      typeof value === 'string' ? value : Array.isArray(value) && value.length === 0 ? 'none' : JSON.stringify(value),
    )
  return Object.entries(shape).flatMap(([key, field]) =>
    linesOf(field, (value as Record<string, unknown>)[key], child(key), [...path, key]),
  )
}
