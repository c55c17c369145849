// Removing weights, neurons and filters: what must go together, what matters least, and the cut through the whole graph.
// Not here: training (fine-tuning is train/), the proof that masked and cut agree (workflow/).
// May import: base, algebra, graph, ops, onnx, cost, autodiff, runtime.
export type { TimedLayer } from './budget/law.ts'
export type { Allocation, BudgetOf, BudgetReport, Target } from './budget/target.ts'
export {
  elementsThrough,
  type LayerToTime,
  layersToTime,
  predictedMs,
  type TimedNetwork,
  type TimedOn,
  type TimeTable,
} from './budget/times.ts'
export type { Unit, Work } from './budget/units.ts'
export { type NetworkToTime, networksToTime, networkToTime } from './budget/variants.ts'
export type { Root } from './channel-trace.ts'
export type { LossGraph, LossOf, ScoringImages } from './criteria/batches.ts'
export { criteria, criterionOf } from './criteria/catalogue.ts'
export type { ScoringOptions } from './criteria/context.ts'
export type {
  BatchOptions,
  ChannelValues,
  Criterion,
  Numbers,
  Saved,
  ScoredBatch,
  ScoredGroup,
  ScoredLayer,
  Scores,
  ScoringContext,
} from './criteria/criterion.ts'
export { outputLoss } from './criteria/output-loss.ts'
export {
  type BoundInputs,
  type ChannelClass,
  type ChannelGroup,
  type ChannelGroups,
  findGroups,
  type GroupOptions,
  type Reach,
  type Refusal,
  reachOf,
  type ShrunkTensor,
} from './groups.ts'
export { type PruneMethod, type PruneOptions, pruneModel } from './prune.ts'
export { autoSteps, recover, recoverTowards, type TowardsOptions } from './recover/recover.ts'
export {
  type Recovered,
  type RecoveredLayer,
  type RecoveredStep,
  type RecoverOptions,
  type RecoveryError,
  type RecoveryMemory,
  type RecoveryMethod,
  type RecoveryStep,
  type RecoveryWork,
  recoverySteps,
} from './recover/recovery.ts'
export { type MeansReplaced, type ReplaceMeansOptions, replaceMeans } from './recover/without-images.ts'
export type { GroupReport, InexactNode, PruneResult } from './result.ts'
export { type ChannelScores, criterionFrom, type ScoreOptions, scoreChannels } from './score.ts'
export type { Scope } from './select.ts'
export { type SingleGroup, type SingleGroupOptions, type SingleGroups, singleGroups } from './single-groups.ts'
export { inputRuns } from './unstructured.ts'
