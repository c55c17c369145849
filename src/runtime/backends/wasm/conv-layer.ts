import { lowerConvPanels, lowerTransposePanels } from './conv-f32.ts'
import { lowerDenseLayer } from './dense-f32.ts'
import { isDepthwise, lowerDepthwise, lowerDepthwiseTranspose } from './depthwise-f32.ts'
import { iohw, oihw } from './pack-conv.ts'
import type { ComputedWeights } from './pack-steps.ts'
import type { Allocator, Step } from './step.ts'
import type { KnownWeights } from './weights.ts'
import { lowerWinograd, takesWinograd } from './winograd.ts'

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

/** Which kernel does a layer: the first that takes it. */
const convKernels: readonly {
  readonly takes: (layer: ConvLayer) => boolean
  /** Whether it makes fewer products than the definition of convolution, with rounding errors of its own. */
  readonly fewerProducts?: boolean
  readonly lower: (layer: ConvLayer, tensors: ConvTensors, alloc: Allocator) => Step[]
}[] = [
  { takes: isDepthwise, lower: lowerDepthwise },
  {
    takes: takesWinograd,
    fewerProducts: true,
    lower: (layer, tensors, alloc) =>
      lowerWinograd(layer, tensors, oihw(layer.outChannels, layer.inChannels, 9), false, alloc),
  },
  { takes: () => true, lower: lowerConvPanels },
]

/**
 * The kernel calls of a float32 convolution; its weights are packed into lasting memory.
 * @param direct only kernels that make every product of the definition
 */
export function lowerConv(layer: ConvLayer, tensors: ConvTensors, alloc: Allocator, direct = false): Step[] {
  const kernel = convKernels.find(({ takes, fewerProducts }) => takes(layer) && !(direct && fewerProducts))
  return kernel?.lower(layer, tensors, alloc) ?? []
}

/**
 * The kernel calls of a float32 transposed convolution. `stride`, `dilation`, `padTop` and `padLeft` are ConvTranspose's own.
 * @param direct as in `lowerConv`
 */
export function lowerConvTranspose(layer: ConvLayer, tensors: ConvTensors, alloc: Allocator, direct = false): Step[] {
  const depthwise = isDepthwise(layer) && layer.outChannels === layer.inChannels
  if (depthwise) return lowerDepthwiseTranspose(layer, tensors, alloc)
  // Steps of one pixel: an ordinary convolution with the taps in reverse.
  const turned = { ...layer, padTop: 2 - layer.padTop, padLeft: 2 - layer.padLeft }
  if (!direct && takesWinograd(turned))
    return lowerWinograd(turned, tensors, iohw(layer.outChannels, layer.inChannels, 9), true, alloc)
  return lowerTransposePanels(layer, tensors, alloc)
}

/** The kernel calls of y [rows, out] = x [rows, in] · weights + bias. */
export function lowerDense(sizes: DenseSizes, tensors: DenseTensors, alloc: Allocator): Step[] {
  return lowerDenseLayer(sizes, tensors, alloc)
}
