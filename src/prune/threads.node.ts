import type { Model } from '../graph/index.ts'
import { nodeRuntime } from '../runtime/index.node.ts'
import { type PruneOptions, type PruneResult, pruneModel as pruneIn } from './prune.ts'

/** `pruneModel` with threads of Node, for criteria that run the network. */
export function pruneModel(model: Model, options: PruneOptions): Promise<PruneResult> {
  return pruneIn(model, { runtime: nodeRuntime, ...options })
}
