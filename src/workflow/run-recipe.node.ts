import { withDefaults } from '../base/index.ts'
import { type Recipe, type RunOutcome, type RunRecipeOptions, runRecipe as runIn } from '../train/index.node.ts'
import { channelLayout } from './channel-layout.ts'

/**
 * Does what a recipe says, and keeps everything in its folder: recipe.json, metrics.jsonl, TensorBoard events, curves.svg, checkpoints, best.onnx,
 * last.onnx, test.json, and copies of the model that it starts from (start.onnx) and of the teacher (teacher.onnx). The best network is chosen by the
 * validation images; the test images are looked at once, when training has ended. Paths are relative to the working directory. A run that is complete is
 * left as it is.
 * @throws KerfError `exists`, `not-found`, `other-recipe` (the folder's run was started with another one), `not-finite` (with the last good
 *   checkpoint), `disk-full`, and what data, models and trainer throw. Whatever happens, the last checkpoint stays and loads.
 */
export const runRecipe = (recipe: Recipe, options: RunRecipeOptions = {}): Promise<RunOutcome> =>
  // Methods of sparsity ask where channels lie, which pruning knows.
  runIn(recipe, withDefaults(options, { layout: channelLayout }))
