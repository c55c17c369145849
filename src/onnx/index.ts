// ONNX files: reading them into the IR and writing them, weights lazily, from any source of bytes.
// Not here: what operators mean (ops/), the file system (*.node.ts beside this file).
// May import: base, graph, ops (for the functions that stand for Kerf's own operators).
export { type BlobBytes, blobSource } from './blob-source.ts'
export type { Bytes, BytesLater } from './bytes.ts'
export { type Content, type EncodedModel, type EncodeOptions, encodeModel, modelBytes } from './encode.ts'
export { checkExternalData } from './external-check.ts'
export {
  type ModelAtHand,
  type ModelElsewhere,
  type ModelSource,
  modelOf,
  type OpenModelOptions,
  openModel,
} from './open.ts'
export { type ReadOptions, readModel } from './read.ts'
export { type ByteSource, memorySource } from './source.ts'
