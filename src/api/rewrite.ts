// `kerf/rewrite`: layers exchanged for cheaper ones, and numbers in fewer bits.
// Not here: training what comes out (train.ts).
// May import: every room, through its index.

// Other layers

export {
  convolutionRefusal,
  measureStatistics,
  type NumberRange,
  numberSetting,
  numbersSetting,
  type Replaced,
  type Rewrite,
  type RewriteContext,
  type RewriteLayer,
  type RewriteOptions,
  type RewriteRefusal,
  type RewriteResult,
  type RewriteTarget,
  rewriteModel,
  rewriteOf,
  rewrites,
  type Setting,
  type Settings,
  type StatisticsFeeds,
  type StatisticsImages,
  type StatisticsOptions,
  type SwappableLayer,
  type SwappedLayer,
  swappableLayers,
  switchSetting,
  type UnswappedLayer,
  type Variant,
  type VariantChoice,
  type VariedLayer,
} from '../rewrite/index.ts'

// Fewer bits

export {
  type AdderScale,
  type CalibrationBatch,
  type CalibrationImages,
  type CodingError,
  type InputRange,
  type IntegerLayer,
  type IntegerLayers,
  type IntegerNetwork,
  type IntegerOptions,
  integerLayers,
  type KeptLayer,
  type Quantized,
  type QuantizedAdderLayer,
  type QuantizedLayer,
  type QuantizeOptions,
  quantisableLayers,
  quantize,
  quantizeIntegers,
  type RangeMethod,
  rangeMethods,
} from '../quantize/index.ts'
