import { withDefaults } from '../base/index.ts'
import type { Model } from '../graph/index.ts'
import { type ModelSource, modelOf } from '../onnx/index.node.ts'
import { nodeRuntime } from '../runtime/index.node.ts'
import type { Rewrite } from './rewrite.ts'
import { type RewriteOptions, type RewriteResult, rewriteModel as rewriteIn } from './rewrite-model.ts'
import {
  measureStatistics as measureIn,
  type StatisticsFeeds,
  type StatisticsImages,
  type StatisticsOptions,
} from './statistics.ts'

/** `measureStatistics` with threads of Node, and paths of files. */
export async function measureStatistics(
  source: ModelSource,
  images: StatisticsImages | StatisticsFeeds,
  options: StatisticsOptions = {},
): Promise<Model> {
  return measureIn(await modelOf(source, options), images, withDefaults(options, { runtime: nodeRuntime }))
}

/** `rewriteModel` with paths of files. */
export async function rewriteModel<S extends object>(
  source: ModelSource,
  rewrite: string | Rewrite<S>,
  options: RewriteOptions<S> = {},
): Promise<RewriteResult> {
  return rewriteIn(await modelOf(source, options), rewrite, options)
}
