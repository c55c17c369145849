// `kerf`: what most programs need – models in and out, counting, pruning, exchanging layers, running.
// Not here: the details of each subject (the other files of this folder), files on disk (files.node.ts), training (train.ts).
// May import: every room, through its index. In Node, index.node.ts stands in its place, with the same names.

// Models

export type { Model } from '../graph/index.ts'
export {
  type BlobBytes,
  type ByteSource,
  type Bytes,
  type BytesLater,
  blobSource,
  type ModelAtHand,
  type ModelElsewhere,
  type ModelSource,
  modelBytes,
  type OpenModelOptions,
  openModel,
  type ReadOptions,
  readModel,
} from '../onnx/index.ts'

// Counting

export {
  type Comparison,
  type Counts,
  compareProfiles,
  type Layer,
  type Profile,
  type ProfileOptions,
  type Totals,
} from '../cost/index.ts'
export { profileModel } from '../workflow/index.ts'

// Making it smaller

export { type Criterion, type PruneOptions, type PruneResult, pruneModel, type Scope } from '../prune/index.ts'
export { type Quantized, type QuantizeOptions, quantize } from '../quantize/index.ts'
export {
  measureStatistics,
  type Rewrite,
  type RewriteOptions,
  type RewriteResult,
  rewriteModel,
} from '../rewrite/index.ts'

// Running

export {
  type BrowserImage,
  type ImageMetadata,
  imageMetadata,
  imageTensor,
  imageToTensor,
  type PixelImage,
  withImageMetadata,
} from '../image/index.ts'
export {
  createSession,
  type HostTensor,
  hostTensor,
  type RunOptions,
  type Session,
  type SessionOptions,
} from '../runtime/index.ts'

// Layers, by their names

export { type NamePattern, namePattern } from '../base/index.ts'

// Long work: ended by a signal, saying how far it is

export { isAborted, type Progress, type Task, type Turn } from '../base/index.ts'

// Memory: what files may make Kerf take

export { type Bounded, memoryLimit, setMemoryLimit } from '../base/index.ts'

// Texts from outside

export { parseJson } from '../base/index.ts'

// Errors

export { KerfError, NodeError, type NodeProblem } from '../base/index.ts'
export { UnsupportedError } from '../runtime/index.ts'
