import { gradientPanels, gradientTileIn, gradientTileOut } from '../../engine/kernels.generated.ts'
import { type Allocator, type Step, step } from '../step.ts'
import { isDepthwise } from './depthwise.ts'
import type { ConvLayer } from './sizes.ts'
import { lowerWinogradGradient, takesWinogradGradient } from './winograd.ts'

/*
 * Calls of the kernels in kernels/conv-gradient.ts: dW[o, c, t] = Σ_p dY[p, o] · X[p·stride + t·dilation − pad, c].
 */

/** What a block of output rows and the input under it may take: the first cache. */
const blockBytes = 32 * 1024
/** The same in machine code: output pixels whose inputs and gradients of a tile the first cache holds, and bytes of all gradients for the second. */
const mostPixels = 256
const layingBytes = 256 * 1024
/** Threads that get scratch memory of their own; others stand idle. */
const layingThreads = 16
/** With fewer input channels a row of the window is one run of values in a padded copy of the input, as in conv-f32.ts. */
const runsLimit = 8

export interface WeightGradientTensors {
  /** Addresses: x and dy NHWC, dw as ONNX has it. */
  readonly x: number
  readonly dy: number
  readonly dw: number
}

/** @param layer of the convolution itself */
export function lowerWeightGradient(layer: ConvLayer, tensors: WeightGradientTensors, alloc: Allocator): Step[] {
  if (isDepthwise(layer)) return depthwise(layer, tensors, alloc)
  if (takesWinogradGradient(layer)) return lowerWinogradGradient(layer, tensors, alloc)
  const { kernelWidth, inChannels, groups } = layer
  const hasRuns = groups === 1 && kernelWidth > 1 && layer.dilationWidth === 1 && inChannels < runsLimit
  if (!hasRuns) return [gradientStep(merged(layer), tensors, inChannels, 1, alloc)]
  const { x, steps, inHeight, inWidth } = padded(layer, tensors.x, alloc)
  const runs: ConvLayer = {
    ...layer,
    ...{ inHeight, inWidth, padTop: 0, padLeft: 0, kernelWidth: 1, inChannels: kernelWidth * inChannels },
  }
  return [...steps, gradientStep(runs, { ...tensors, x }, inChannels, kernelWidth, alloc)]
}

/** A copy with the padding that the window reaches, where it reaches any. */
export function padded(
  layer: ConvLayer,
  x: number,
  alloc: Allocator,
): { readonly x: number; readonly steps: readonly Step[]; readonly inHeight: number; readonly inWidth: number } {
  const { batch, inHeight: height, inWidth: width, inChannels, padTop, padLeft } = layer
  const outHeight = (layer.outHeight - 1) * layer.strideHeight + (layer.kernelHeight - 1) * layer.dilationHeight + 1
  const outWidth = (layer.outWidth - 1) * layer.strideWidth + (layer.kernelWidth - 1) * layer.dilationWidth + 1
  if (padTop === 0 && padLeft === 0 && outHeight <= height && outWidth <= width)
    return { x, steps: [], inHeight: height, inWidth: width }
  const y = alloc.scratch(4 * batch * outHeight * outWidth * inChannels)
  const pixelBytes = 4 * inChannels
  const pad = step('padF32', {
    ...{ x, y, batch, height, width, pixelBytes, outHeight, outWidth, padTop, padLeft },
    border: 0,
  })
  return { x: y, steps: [pad], inHeight: outHeight, inWidth: outWidth }
}

/** Images of a 1×1 layer are rows of pixels: the longer, the better. */
function merged(layer: ConvLayer): ConvLayer {
  const { kernelHeight, kernelWidth, strideHeight, strideWidth, padTop, padLeft, inHeight, inWidth } = layer
  const pointwise =
    kernelHeight * kernelWidth === 1 &&
    strideHeight * strideWidth === 1 &&
    padTop === 0 &&
    padLeft === 0 &&
    layer.outHeight === inHeight &&
    layer.outWidth === inWidth
  if (!pointwise || inHeight * inWidth > 64) return layer
  return { ...layer, inHeight: 1, outHeight: 1, inWidth: inHeight * inWidth, outWidth: inHeight * inWidth }
}

function gradientStep(
  layer: ConvLayer,
  tensors: WeightGradientTensors,
  xPixel: number,
  run: number,
  alloc: Allocator,
): Step {
  const { batch, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, groups } = layer
  const { kernelHeight, kernelWidth, strideHeight, strideWidth, dilationHeight, dilationWidth, padTop, padLeft } = layer
  const tiles =
    groups *
    Math.ceil(outChannels / groups / gradientTileOut) *
    Math.ceil(inChannels / groups / gradientTileIn) *
    kernelHeight *
    kernelWidth
  return step('convWeightGradientF32', {
    ...{ ...tensors, sums: alloc.scratch(4 * gradientTileOut * gradientTileIn * tiles) },
    ...{ batch, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, groups, xPixel, run },
    ...{ kernelHeight, kernelWidth, strideHeight, strideWidth, dilationHeight, dilationWidth, padTop, padLeft },
    ...(alloc.native ? nativeBlocks(layer, alloc) : { ...noScratch, blockRows: blockRows(layer, xPixel) }),
  })
}

const noScratch = { scratch: 0, scratchBytes: 0, scratchThreads: 0 }

function blockRows({ batch, inWidth, outHeight, outWidth, outChannels, strideHeight }: ConvLayer, xPixel: number) {
  const rowBytes = 4 * (strideHeight * inWidth * xPixel + outWidth * outChannels)
  return Math.max(1, Math.min(batch * outHeight, Math.floor(blockBytes / rowBytes)))
}

/** Memory for what machine code lays side by side: a block's gradients, and the inputs under a tap with their places. */
function nativeBlocks({ batch, outHeight, outWidth, outChannels, groups }: ConvLayer, alloc: Allocator) {
  const columns = gradientTileOut * Math.ceil(outChannels / groups / gradientTileOut)
  const pixelBytes = 4 * (columns + gradientPanels * gradientTileIn + 1)
  const pixels = Math.min(mostPixels, layingBytes / pixelBytes)
  const blockRows = Math.max(1, Math.min(batch * outHeight, Math.floor(pixels / outWidth)))
  const scratchBytes = 64 * Math.ceil((blockRows * outWidth * pixelBytes) / 64)
  return {
    blockRows,
    scratchBytes,
    scratch: alloc.scratch(scratchBytes * layingThreads),
    scratchThreads: layingThreads,
  }
}

function depthwise(layer: ConvLayer, tensors: WeightGradientTensors, alloc: Allocator): Step[] {
  const { batch, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels } = layer
  const { kernelHeight, kernelWidth, strideHeight, strideWidth, dilationHeight, dilationWidth, padTop, padLeft } = layer
  const times = outChannels / inChannels
  const pixels = batch * inHeight * inWidth
  const x = times === 1 ? tensors.x : alloc.scratch(4 * pixels * outChannels)
  const gradient = step('depthwiseWeightGradientF32', {
    ...{ ...tensors, x, sums: 0, batch, inHeight, inWidth, inChannels: outChannels, outHeight, outWidth, outChannels },
    ...{ kernelHeight, kernelWidth, strideHeight, strideWidth, dilationHeight, dilationWidth, padTop, padLeft },
    ...{ groups: outChannels, xPixel: outChannels, run: 1, blockRows: 0, ...noScratch },
  })
  if (times === 1) return [gradient]
  return [step('repeatChannelsF32', { x: tensors.x, y: x, pixels, channels: inChannels, times }), gradient]
}

/** The kernel calls of dW[o, c, t] = Σ_p dY[p, o] · sgn(X[…] − W[o, c, t]). @param w address, as ONNX has it */
export function lowerSignGradient(
  layer: ConvLayer,
  { x: given, dy, dw, w }: WeightGradientTensors & { readonly w: number },
  alloc: Allocator,
): Step[] {
  const { batch, inChannels, outHeight, outWidth, outChannels, groups } = layer
  const { kernelHeight, kernelWidth, strideHeight, strideWidth, dilationHeight, dilationWidth } = layer
  const { x, steps, inHeight, inWidth } = padded(layer, given, alloc)
  const gradient = step('adderSignGradientF32', {
    ...{ x, dy, w, dw, batch, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, groups },
    ...{ kernelHeight, kernelWidth, strideHeight, strideWidth, dilationHeight, dilationWidth },
  })
  return [...steps, gradient]
}
