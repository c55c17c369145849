// Networks rewritten: convolutions exchanged for cheaper ones.
// Not here: training what comes out (train/), files.
// May import: base, graph, ops, cost, runtime.
export { type AdderSwap, type SwapOptions, type SwappedLayer, swapToAdder, type UnswappedLayer } from './adder.ts'
export {
  measureStatistics,
  type StatisticsFeeds,
  type StatisticsImages,
  type StatisticsOptions,
} from './statistics.ts'
