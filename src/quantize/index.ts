// Networks in fewer bits: ranges from calibration, scales and codes of adder convolutions, and the rewriting of a graph into the form that the
// integer kernels run.
// Not here: how networks are run, and the kernels (runtime/).
// May import: base, graph, ops, cost, runtime.
export { type AdderCodes, type AdderScale, adderCodes, adderScale } from './adder-codes.ts'
export {
  checkBits,
  type InputRange,
  type QuantizedAdderLayer,
  type QuantizedAdderLayers,
  quantizeAdderLayers,
} from './adder-layers.ts'
export { type Calibration, calibrate } from './calibration.ts'
export { Observer } from './observer.ts'
export {
  type CalibrationBatch,
  type CalibrationImages,
  type Quantized,
  type QuantizedLayer,
  type QuantizeOptions,
  quantize,
} from './quantize.ts'
export { type CodingError, chooseRange, codingError, type RangeMethod, rangeMethods } from './ranges.ts'
