// `kerf/rewrite`: layers exchanged for cheaper ones, and numbers in fewer bits.
// Not here: training what comes out (train.ts).
// May import: every room, through its index.

// Other layers

export {
  convolutionRefusal,
  measureStatistics,
  type Replaced,
  type Rewrite,
  type RewriteContext,
  type RewriteLayer,
  type RewriteOptions,
  type RewriteRefusal,
  type RewriteResult,
  rewriteModel,
  rewriteOf,
  rewrites,
  type StatisticsFeeds,
  type StatisticsImages,
  type StatisticsOptions,
  type SwappedLayer,
  type UnswappedLayer,
} from '../rewrite/index.ts'

// Fewer bits

export {
  type AdderScale,
  type CalibrationBatch,
  type CalibrationImages,
  type CodingError,
  type InputRange,
  type Quantized,
  type QuantizedAdderLayer,
  type QuantizedLayer,
  type QuantizeOptions,
  quantize,
  type RangeMethod,
  rangeMethods,
} from '../quantize/index.ts'
