// `kerf/prune`: removing weights, neurons and filters, and the groups of channels that can only go together.
// Not here: training what is left (train.ts).
// May import: every room, through its index.

export {
  type ChannelClass,
  type ChannelGroup,
  type ChannelGroups,
  type Criterion,
  criteria,
  findGroups,
  type GroupOptions,
  type GroupReport,
  type InexactNode,
  type LayerMatcher,
  type PruneMethod,
  type PruneOptions,
  type PruneResult,
  pruneModel,
  type Refusal,
  type Scope,
} from '../prune/index.ts'
