// Networks in fewer bits: ranges from calibration, scales and codes of adder convolutions, and the rewriting of a graph into the form that the
// integer kernels run.
// Not here: how networks are run, and the kernels (runtime/).
// May import: base, graph, ops, onnx, cost, runtime.
export type { AdderScale } from './adder-codes.ts'
export { checkBits, type InputRange, type QuantizedAdderLayer, quantizeAdderLayers } from './adder-layers.ts'
export { calibrate, hasAdderLayers, quantisableLayers } from './calibration.ts'
export type { CalibrationBatch, CalibrationImages } from './images.ts'
export type { KeptLayer } from './integer/places.ts'
export {
  type IntegerLayer,
  type IntegerLayers,
  type IntegerNetwork,
  type IntegerOptions,
  integerLayers,
  quantizeIntegers,
} from './integer/quantize-integers.ts'
export {
  type Quantized,
  type QuantizedLayer,
  type QuantizeOptions,
  quantize,
} from './quantize.ts'
export { type CodingError, type RangeMethod, rangeMethods } from './ranges.ts'
