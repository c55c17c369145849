// For Node: everything of index.ts, and the folder that a run writes.
// Not here: the command line (cli/).
// May import: base, graph, ops, cost, autodiff, runtime, data, image, onnx, formats, nets, report.
export * from './index.ts'
export { readingOf } from './recipe/reading.node.ts'
export { writeWhole } from './run-folder/files.node.ts'
export { lockFolder } from './run-folder/lock.node.ts'
export { recipeFromFolder } from './run-folder/moving.node.ts'
export { type RunOutcome, type RunRecipeOptions, type RunStart, runRecipe } from './run-recipe.node.ts'
// With threads of Node; these take the place of those without.
export { createTrainer, evaluate, train } from './threads.node.ts'
