// Networks rewritten: convolutions exchanged for cheaper ones.
// Not here: training what comes out (train/), running networks (a runner is given from outside), files.
// May import: base, graph, ops, cost.
export { type AdderSwap, type LayerChoice, type SwapOptions, type SwappedLayer, swapToAdder } from './adder.ts'
export {
  type MeasuringSession,
  measureStatistics,
  type StatisticsFeeds,
  type StatisticsImages,
  type StatisticsOptions,
} from './statistics.ts'
