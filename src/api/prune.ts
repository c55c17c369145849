// `kerf/prune`: removing weights, neurons and filters, and the groups of channels that can only go together.
// Not here: training what is left (train.ts).
// May import: every room, through its index.

// Which channels matter

export type { MatrixKernels, MatrixTurn, ProductRoom, Resolvents } from '../base/index.ts'
export {
  type BatchOptions,
  type ChannelScores,
  type ChannelValues,
  type Criterion,
  criteria,
  criterionFrom,
  criterionOf,
  type LossGraph,
  type LossOf,
  type Numbers,
  outputLoss,
  type Saved,
  type ScoredBatch,
  type ScoredGroup,
  type ScoredLayer,
  type ScoreOptions,
  type Scores,
  type ScoringContext,
  type ScoringImages,
  type ScoringOptions,
  scoreChannels,
} from '../prune/index.ts'

// What goes together, and the cut

export {
  type BoundInputs,
  type ChannelClass,
  type ChannelGroup,
  type ChannelGroups,
  findGroups,
  type GroupOptions,
  type GroupReport,
  type InexactNode,
  type PruneMethod,
  type PruneOptions,
  type PruneResult,
  pruneModel,
  type Reach,
  type Refusal,
  type Root,
  reachOf,
  type Scope,
  type ShrunkTensor,
  type SingleGroup,
  type SingleGroupOptions,
  type SingleGroups,
  singleGroups,
} from '../prune/index.ts'

// Getting quality back

export type { NmPattern } from '../base/index.ts'
export {
  type MeansReplaced,
  type Recovered,
  type RecoveredLayer,
  type RecoveredStep,
  type RecoverOptions,
  type RecoveryError,
  type RecoveryMemory,
  type RecoveryMethod,
  type RecoveryStep,
  type RecoveryWork,
  type ReplaceMeansOptions,
  recover,
  recoverTowards,
  recoverySteps,
  replaceMeans,
  type TowardsOptions,
} from '../prune/index.ts'

// Budgets, and measured times

export type {
  Allocation,
  BudgetOf,
  BudgetReport,
  Target,
  TimedLayer,
  TimedNetwork,
  TimedOn,
  TimeTable,
  Work,
} from '../prune/index.ts'
