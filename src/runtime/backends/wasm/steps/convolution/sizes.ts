import type { ComputedWeights } from '../../packing/computed.ts'
import type { KnownWeights } from '../../packing/weights.ts'
import type { PlacedRun } from '../strides.ts'

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

/** Whether every output has one input pixel under it, never padding. */
export const isPointwise = (layer: ConvLayer): boolean =>
  layer.kernelHeight * layer.kernelWidth === 1 &&
  layer.padTop === 0 &&
  layer.padLeft === 0 &&
  (layer.outHeight - 1) * layer.strideHeight < layer.inHeight &&
  (layer.outWidth - 1) * layer.strideWidth < layer.inWidth

/** What a layer reads and writes. Addresses are bytes in the kernels' memory. */
export interface ConvTensors {
  readonly x: number
  readonly y: number
  /** Elements from one pixel to the next, of y also those of the residual; by default the layer's channels. */
  readonly xPixel?: number
  readonly yPixel?: number
  /** Where the channels of x lie, of 1×1 windows without padding: in place of `x` and `xPixel`. */
  readonly xRuns?: readonly PlacedRun[]
  /** As ONNX has them: Conv [O, C/groups, kernel], ConvTranspose [C, O/groups, kernel]. */
  readonly weights: KnownWeights | ComputedWeights
  /** Only beside weights that are known. */
  readonly bias?: Float32Array
  /** Factor of each output channel's weights (not of its bias): a BatchNormalization that was folded. Only beside weights that are known. */
  readonly scale?: Float32Array
  /** A tensor of y's shape and pixels that is added before clamping; it may be y itself. */
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
