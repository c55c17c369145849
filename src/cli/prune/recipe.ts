import { parseRecipe, type Recipe } from '../../train/index.node.ts'
import { UsageError } from '../errors.ts'
import { type Assignment, assigned } from '../train/assignments.ts'
import type { GivenData } from '../train/data-option.ts'
import { readRecipe } from '../train/read-recipe.ts'

export interface FineTuneFields {
  readonly finetune?: string | true
  readonly iterations: number
  readonly resume?: boolean
  readonly data?: GivenData
  readonly epochs?: number
  readonly lr?: number
  readonly set: readonly Assignment[]
  readonly dryRun?: boolean
}

/**
 * How to train after a cut; undefined where that was not asked for.
 * @throws UsageError for options that need --finetune, or without data; KerfError `bad-recipe`
 */
export function fineTuneRecipe(model: string, options: FineTuneFields): Recipe | undefined {
  const { finetune, iterations, resume, data, epochs, lr, set, dryRun } = options
  if (finetune === undefined) {
    const given = [
      ...(iterations > 1 ? ['--iterations'] : []),
      ...(resume ? ['--resume'] : []),
      ...(data ? ['--data'] : []),
      ...(epochs === undefined ? [] : ['--epochs']),
      ...(lr === undefined ? [] : ['--lr']),
      ...(set.length > 0 ? ['--set'] : []),
    ]
    if (given.length > 0)
      throw new UsageError(`${given.join(', ')} tell how to train after the cut: give --finetune, too.`)
    return undefined
  }
  if (dryRun)
    throw new UsageError('--dry-run writes and runs nothing, so nothing can be fine-tuned. Leave one of the two out.')
  const recipe = finetune === true ? { epochs: 3, learningRate: 0.01 } : readRecipe(finetune)
  if (finetune === true && !data && !set.some((s) => s.path[0] === 'data'))
    throw new UsageError('Say what to fine-tune on: --finetune RECIPE, or --data mnist:FOLDER.')
  const fields: Assignment[] = [
    { path: ['model'], value: { onnx: model } },
    // Each run has a folder of its own.
    { path: ['output'], value: '-' },
    ...(data ? [{ path: ['data'], value: data }] : []),
    ...(epochs === undefined ? [] : [{ path: ['epochs'], value: epochs }]),
    ...(lr === undefined ? [] : [{ path: ['learningRate'], value: lr }]),
  ]
  return parseRecipe(assigned(assigned(recipe, fields), set))
}
