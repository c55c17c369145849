// For Node: everything of index.ts, with threads and with ONNX Runtime where it is installed; what writes files and folders of runs.
// Not here: the command line (cli/).
// May import: every room but lab, api and cli.

export { cellsIn } from './cells.node.ts'
export {
  type Accuracy,
  type FineTuned,
  type FineTunedCut,
  type FineTuneOptions,
  type FineTuneStage,
  pruneAndFineTune,
} from './fine-tune.node.ts'
export * from './index.ts'
// This takes the place of the one that knows no paths.
export { profileModel } from './profile.node.ts'
export { loadOrt, type OrtModule } from './prove/onnx-runtime.node.ts'
export { runComparison } from './run-comparison.node.ts'
export { runRecipe } from './run-recipe.node.ts'
// These take the place of those without threads.
export { type SlimFolder, slim, slimInFolder } from './slim/folder.node.ts'
export { comparePruning, prove, pruneAndProve, recoverCut, sensitivity, swapAndMeasure } from './threads.node.ts'
export { kerfTiming, measureTimes, ortTiming } from './times/runtimes.node.ts'
export { readTimeTable, timeTablePath, writeTimeTable } from './times/table-file.node.ts'
