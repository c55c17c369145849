// `kerf/rewrite`: layers exchanged for cheaper ones, and numbers in fewer bits.
// Not here: training what comes out (train.ts).
// May import: every room, through its index.

// Other layers

export {
  type AdderSwap,
  type LayerChoice,
  measureStatistics,
  type StatisticsFeeds,
  type StatisticsImages,
  type StatisticsOptions,
  type SwapOptions,
  type SwappedLayer,
  swapToAdder,
} from '../rewrite/index.ts'

// Fewer bits

export {
  type Calibration,
  type CalibrationBatch,
  type CalibrationImages,
  calibrate,
  type InputRange,
  type Quantized,
  type QuantizedAdderLayer,
  type QuantizedAdderLayers,
  type QuantizedLayer,
  type QuantizeOptions,
  quantize,
  quantizeAdderLayers,
  type RangeMethod,
  rangeMethods,
} from '../quantize/index.ts'
