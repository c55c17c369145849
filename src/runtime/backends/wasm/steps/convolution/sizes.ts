import type { ComputedWeights } from '../../packing/computed.ts'
import type { KnownWeights } from '../../packing/weights.ts'

/**
 * A 2-D convolution's sizes, all tensors NHWC: `inHeight … inChannels` of its input, `outHeight … outChannels` of its output. Input and
 * output channels count all groups. A 1-D layer has height 1. Output sizes decide how far the window goes; what it covers beyond the input's
 * end counts as zero, so padding at the end needs no number of its own.
 */
export interface ConvLayer {
  readonly batch: number
  readonly inHeight: number
  readonly inWidth: number
  readonly inChannels: number
  readonly outHeight: number
  readonly outWidth: number
  readonly outChannels: number
  readonly kernelHeight: number
  readonly kernelWidth: number
  readonly strideHeight: number
  readonly strideWidth: number
  readonly dilationHeight: number
  readonly dilationWidth: number
  readonly padTop: number
  readonly padLeft: number
  readonly groups: number
}

/** What a layer reads and writes. Addresses are bytes in the kernels' memory. */
export interface ConvTensors {
  readonly x: number
  readonly y: number
  /** As ONNX has them: Conv [O, C/groups, kernel], ConvTranspose [C, O/groups, kernel]. */
  readonly weights: KnownWeights | ComputedWeights
  /** Only beside weights that are known. */
  readonly bias?: Float32Array
  /** Factor of each output channel's weights (not of its bias): a BatchNormalization that was folded. Only beside weights that are known. */
  readonly scale?: Float32Array
  /** A tensor of y's shape that is added before clamping; it may be y itself. */
  readonly residual?: number
  /** The result is clamped to [lo, hi]; -Infinity and Infinity for none. */
  readonly lo: number
  readonly hi: number
}

export interface DenseSizes {
  readonly rows: number
  readonly inFeatures: number
  readonly outFeatures: number
}

export interface DenseTensors extends ConvTensors {
  /** Whether weights are [out, in] (Gemm with transB) instead of [in, out]. */
  readonly transposed: boolean
}
