import type { Model } from '../graph/index.ts'
import { nodeRuntime } from '../runtime/index.node.ts'
import {
  measureStatistics as measureIn,
  type StatisticsFeeds,
  type StatisticsImages,
  type StatisticsOptions,
} from './statistics.ts'

/** `measureStatistics` with threads of Node. */
export function measureStatistics(
  given: Model,
  images: StatisticsImages | StatisticsFeeds,
  options: StatisticsOptions = {},
): Promise<Model> {
  return measureIn(given, images, { runtime: nodeRuntime, ...options })
}
