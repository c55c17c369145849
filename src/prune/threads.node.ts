import { withDefaults } from '../base/index.ts'
import type { Model } from '../graph/index.ts'
import { type ModelSource, modelOf } from '../onnx/index.node.ts'
import { nodeRuntime } from '../runtime/index.node.ts'
import { type PruneOptions, pruneModel as pruneIn } from './prune.ts'
import { recover as recoverIn, recoverTowards as recoverTowardsIn, type TowardsOptions } from './recover/recover.ts'
import type { Recovered, RecoverOptions } from './recover/recovery.ts'
import type { PruneResult } from './result.ts'
import { type ChannelScores, type ScoreOptions, scoreChannels as scoreIn } from './score.ts'

/** `pruneModel` with threads of Node, for criteria that run the network, and paths of files. */
export async function pruneModel(source: ModelSource, options: PruneOptions): Promise<PruneResult> {
  return pruneIn(await modelOf(source, options), withDefaults(options, { runtime: nodeRuntime }))
}

/** `recover` with threads of Node. */
export const recover = (result: PruneResult, options: RecoverOptions): Promise<Recovered> =>
  recoverIn(result, withDefaults(options, { runtime: nodeRuntime }))

/** `recoverTowards`, likewise. */
export const recoverTowards = (model: Model, was: Model, options: TowardsOptions): Promise<Recovered> =>
  recoverTowardsIn(model, was, withDefaults(options, { runtime: nodeRuntime }))

/** `scoreChannels`, likewise. */
export async function scoreChannels(
  source: ModelSource,
  options: ScoreOptions = {},
): Promise<readonly ChannelScores[]> {
  return scoreIn(await modelOf(source, options), withDefaults(options, { runtime: nodeRuntime }))
}
