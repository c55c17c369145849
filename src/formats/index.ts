// File formats that are not ONNX: safetensors, NumPy's arrays, TensorBoard events, JSON lines.
// Not here: what is put into them (train/ and others decide), files on disk (index.node.ts).
// May import: base.
export { crc32c } from './crc32c.ts'
export { decodeJsonLines, encodeJsonLine } from './json-lines.ts'
export { type NpyArray, npyBytes, readNpy } from './npy.ts'
export {
  encodeSafetensors,
  float32Of,
  float32Tensor,
  float64Of,
  float64Tensor,
  type OpenSafetensors,
  readSafetensors,
  type Safetensors,
  type SafetensorsTensor,
  type SafetensorsWeight,
  safetensorsChunks,
  uint8Tensor,
  type WeightSource,
  weightsOf,
} from './safetensors.ts'
export {
  elementTypeOf,
  type SafetensorsEntry,
  type SafetensorsHeader,
  type SafetensorsType,
  safetensorsTypes,
} from './safetensors-header.ts'
export { encodeScalars, encodeSessionStart, eventsFileStart } from './tensorboard.ts'
