// Removing weights, neurons and filters: what must go together, what matters least, and the cut through the whole graph.
// Not here: training (fine-tuning is train/), running networks (the proof that masked and cut agree takes a runner from outside).
// May import: base, graph, ops, cost.
export { type Criterion, criteria } from './criteria.ts'
export {
  type ChannelClass,
  type ChannelGroup,
  type ChannelGroups,
  findGroups,
  type GroupOptions,
  type Refusal,
} from './groups.ts'
export type { LayerMatcher } from './layer-matcher.ts'
export {
  type GroupReport,
  type InexactNode,
  type PruneMethod,
  type PruneOptions,
  type PruneResult,
  pruneModel,
} from './prune.ts'
export type { Scope } from './select.ts'
