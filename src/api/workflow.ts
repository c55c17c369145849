// `kerf/workflow`: what one wants done in one go – prune a network and prove the cut, exchange its layers and measure.
// Not here: the steps by themselves (prune.ts, rewrite.ts, train.ts), what writes folders of runs (files.node.ts).
// May import: every room, through its index.

// Pruning

export {
  type Agreement,
  type Change,
  type CutRecoveryMemory,
  type CutRecoveryStep,
  cutRecoverySteps,
  type DistillationSettings,
  type Engine,
  type Feed,
  type ImageFeeds,
  imageFeeds,
  type Outputs,
  ownEngine,
  type Proof,
  type ProofOptions,
  type PruneAndProveOptions,
  type Pruned,
  prove,
  pruneAndProve,
  type RecoverCutOptions,
  randomFeeds,
  recoverCut,
  type TrainingMemory,
  toleranceFor,
} from '../workflow/index.ts'

// The main job: smaller and faster at the same quality

export {
  noMemory,
  type Remembered,
  type SlimHere,
  type SlimMemory,
  type Slimmed,
  type SlimmedTarget,
  type SlimOf,
  type SlimOptions,
  type SlimPoint,
  type SlimRound,
  type SlimStage,
  type SlimWidth,
  slim,
} from '../workflow/index.ts'

// What each layer bears, and how quality is measured

export {
  defaultRatios,
  type GroupSensitivity,
  type Quality,
  QualityJudge,
  type QualityOptions,
  qualityName,
  qualityValue,
  type Sensitivity,
  type SensitivityOptions,
  type SensitivityPoint,
  sensitivity,
} from '../workflow/index.ts'

// Methods compared

export type { Spread } from '../base/index.ts'
export {
  type CellStore,
  type ComparedMethod,
  type ComparedNetwork,
  type ComparedTraining,
  comparePruning,
  type PruningComparison,
  type PruningComparisonOptions,
} from '../workflow/index.ts'

// Where channels lie in weights, for training

export { channelLayout } from '../workflow/index.ts'

// Other layers

export {
  type CostChange,
  type InTime,
  type LayerCost,
  type SwapOptions,
  type Swapped,
  type SwappedAndMeasured,
  swapAndMeasure,
  type TimeChange,
  type TimeLimit,
} from '../workflow/index.ts'

// Images of a data set, as a model takes them

export { evaluationLoader, imagesFor, type ModelImages, spread } from '../workflow/index.ts'

// Measured times of layers, for targets in milliseconds

export {
  feedsToTime,
  type InTimeOptions,
  type KerfTimingOptions,
  kerfTiming,
  type LayerTime,
  type MeasureOptions,
  measureTimes,
  type OrtInterface,
  type OrtRunOptions,
  type OrtRuntime,
  type OrtSession,
  type OrtSessions,
  type OrtTimingOptions,
  ortRuntime,
  ortTiming,
  type PredictedTime,
  type PrunedInTime,
  parseTimeTable,
  predictTime,
  pruneInTime,
  relativeDifference,
  runLayers,
  type TimedCut,
  type TimedRun,
  type TimeMeasured,
  type TimingRuntime,
  timeCut,
  timeTableText,
} from '../workflow/index.ts'
