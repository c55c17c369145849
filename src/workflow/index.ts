// What a person wants done in one go: prune and prove, swap and measure; images as a model takes them.
// Not here: what each step is made of (prune/, rewrite/, quantize/, train/), the command line (cli/), files (index.node.ts).
// May import: every room but lab, api and cli.
export type { CellStore } from './cells.ts'
export { channelLayout } from './channel-layout.ts'
export {
  type ComparedMethod,
  type ComparedNetwork,
  type ComparedTraining,
  comparePruning,
  type PruningComparison,
  type PruningComparisonOptions,
} from './compare-pruning.ts'
export { type ComparisonRecipe, parseComparisonRecipe } from './comparison-recipe.ts'
export type { TrainingMemory } from './distil.ts'
export { evaluationLoader, imagesFor, type ModelImages, spread } from './images.ts'
export { profileModel } from './profile.ts'
export { type Agreement, compareOutputs, relativeDifference, toleranceFor } from './prove/agreement.ts'
export { type Change, type ImageFeeds, imageFeeds } from './prove/change.ts'
export { type Engine, ownEngine } from './prove/engine.ts'
export { type Feed, type Outputs, randomFeeds } from './prove/feeds.ts'
export { type Proof, type ProofOptions, prove } from './prove/prove.ts'
export { type PruneAndProveOptions, type Pruned, partOf, pruneAndProve } from './prune.ts'
export { type Quality, QualityJudge, type QualityOptions, qualityName, qualityValue } from './quality.ts'
export {
  type CutRecoveryMemory,
  type CutRecoveryStep,
  cutRecoverySteps,
  type DistillationSettings,
  type RecoverCutOptions,
  recoverCut,
} from './recovery.ts'
export {
  defaultRatios,
  type GroupSensitivity,
  type Sensitivity,
  type SensitivityOptions,
  type SensitivityPoint,
  sensitivity,
} from './sensitivity.ts'
export { noMemory, type Remembered, type SlimMemory } from './slim/memory.ts'
export type { SlimOptions } from './slim/options.ts'
export type { Slimmed, SlimmedTarget, SlimOf, SlimPoint, SlimRound, SlimStage, SlimWidth } from './slim/result.ts'
export { type SlimHere, slim } from './slim/slim.ts'
export type { CostChange, LayerCost } from './swap/costs.ts'
export type { InTime, TimeLimit } from './swap/in-time.ts'
export { type SwapOptions, type Swapped, type SwappedAndMeasured, swapAndMeasure } from './swap/swap.ts'
export type { TimeChange } from './swap/times.ts'
export { type MeasureOptions, measureTimes } from './times/measure.ts'
export {
  type OrtInterface,
  type OrtRunOptions,
  type OrtRuntime,
  type OrtSession,
  type OrtSessions,
  type OrtTimingOptions,
  ortRuntime,
  ortTiming,
} from './times/ort.ts'
export { type PredictedTime, predictTime } from './times/predict.ts'
export {
  type InTimeOptions,
  type PrunedInTime,
  pruneInTime,
  type TimedCut,
  type TimeMeasured,
  timeCut,
} from './times/prune-in-time.ts'
export { type LayerTime, runLayers } from './times/run-layers.ts'
export { feedsToTime, type KerfTimingOptions, kerfTiming, type TimedRun, type TimingRuntime } from './times/runtimes.ts'
export { parseTimeTable, timeTableText } from './times/table.ts'
