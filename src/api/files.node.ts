// `kerf/files`, for Node alone: models, weights, data sets and training runs on disk.
// Not here: anything that also runs in a browser (the other files of this folder).
// May import: every room, through its index.

// Models

export { filesOf, readModelFile, type WriteOptions, type WrittenModel, writeModelFile } from '../onnx/index.node.ts'

// Weights

export { openSafetensorsFile, type SafetensorsFile } from '../formats/index.node.ts'

// Data sets

export {
  createWorkerLoader,
  type Decode,
  type DecodedImage,
  type DownloadOptions,
  type FetchedFile,
  type FetchOptions,
  fetchCifar10,
  fetchFashionMnist,
  fetchMnist,
  type ImageLabels,
  imageDecoder,
  type OpenOptions,
  openData,
  openPart,
  type PartOptions,
  type Verified,
  type WorkerLoader,
  type WorkerLoaderOptions,
} from '../data/index.node.ts'

// Training runs

export {
  type RunOutcome,
  type RunRecipeOptions,
  type RunStart,
  readingOf,
  recipeFromFolder,
  type TestedNetwork,
  type TestResults,
} from '../train/index.node.ts'

export { runRecipe } from '../workflow/index.node.ts'

// The main job, kept in a folder

export { type SlimFolder, slimInFolder } from '../workflow/index.node.ts'

// Pruning with training

export {
  type Accuracy,
  type FineTuned,
  type FineTunedCut,
  type FineTuneOptions,
  type FineTuneStage,
  pruneAndFineTune,
} from '../workflow/index.node.ts'

// Criteria compared

export { type ComparisonRecipe, cellsIn, parseComparisonRecipe, runComparison } from '../workflow/index.node.ts'

// Measured times of layers

export { readTimeTable, timeTablePath, writeTimeTable } from '../workflow/index.node.ts'
