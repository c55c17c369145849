// Networks rewritten: layers exchanged for others, cheaper ones; an open list of what they become.
// Not here: training what comes out (train/), files.
// May import: base, algebra, graph, ops, onnx, cost, runtime.
export { rewriteOf, rewrites } from './catalogue.ts'
export { convolutionRefusal } from './convolution.ts'
export type { SwappedLayer } from './exchange.ts'
export { leastCost, leastError } from './knapsack.ts'
export type { UnswappedLayer } from './layers.ts'
export type { Replaced, Rewrite, RewriteContext, RewriteLayer, RewriteRefusal, Variant } from './rewrite.ts'
export { type RewriteOptions, type RewriteResult, rewriteModel } from './rewrite-model.ts'
export {
  type NumberRange,
  numberSetting,
  numbersSetting,
  type Setting,
  type Settings,
  switchSetting,
} from './settings.ts'
export {
  measureStatistics,
  type StatisticsFeeds,
  type StatisticsImages,
  type StatisticsOptions,
} from './statistics.ts'
export { type SwappableLayer, swappableLayers } from './swappable.ts'
export type { RewriteTarget, VariantChoice, VariedLayer } from './target.ts'
