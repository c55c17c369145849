import { availableParallelism } from 'node:os'
import type { Task } from '../base/index.node.ts'
import { openData } from '../data/index.node.ts'
import { readModelFile } from '../onnx/index.node.ts'
import { inClassesOf, parameterGroups } from '../train/index.node.ts'
import { cellsIn } from './cells.node.ts'
import type { PruningComparison } from './compare-pruning.ts'
import type { ComparisonRecipe } from './comparison-recipe.ts'
import { spread } from './images.ts'
import { comparePruning } from './threads.node.ts'

/**
 * Does what a comparison's recipe says. Scores and networks that are done are kept in its folder: the same recipe, called again, goes on where it was
 * stopped, and gives the same result as without the stop, measured times excepted. Criteria, budgets and seeds may be added.
 * @throws KerfError as `readModelFile`, `openData`, `cellsIn` and `comparePruning`
 */
export async function runComparison(recipe: ComparisonRecipe, task: Task = {}): Promise<PruningComparison> {
  const {
    model: path,
    data,
    transforms,
    output,
    methods,
    criteria,
    budgets,
    seeds,
    images,
    testImages,
    recovery,
    fineTuning,
    scratch,
  } = recipe
  const { batchSize, optimiser, schedule, weightDecay = 5e-4, onBadImage, threads = availableParallelism() } = recipe
  const model = readModelFile(path)
  const sets = inClassesOf(model, await openData(data, { onBadImage, transforms, ...task }))
  return comparePruning(
    model,
    {
      ...{
        data: { train: sets.train, test: testImages === undefined ? sets.test : spread(sets.test, testImages) },
        transforms,
        methods,
        criteria,
        budgets,
        seeds,
        images,
        recovery,
        fineTuning,
        scratch,
        batchSize,
        schedule,
        threads,
      },
      optimiser: { ...optimiser, groups: parameterGroups({ weightDecay }) },
      cells: cellsIn(output),
    },
    task,
  )
}
