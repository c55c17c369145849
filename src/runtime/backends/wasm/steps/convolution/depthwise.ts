import { depthwiseLanes, depthwiseTileColumns } from '../../engine/kernels.generated.ts'
import { packDepthwiseSteps } from '../../packing/computed.ts'
import { type Filters, packedDepthwiseFloats } from '../../packing/convolution.ts'
import { isKnown, wholeFloats } from '../../packing/weights.ts'
import { lowerCopy, lowerFill } from '../layout.ts'
import { type Allocator, once, type Step, step } from '../step.ts'
import { mostThreads } from './panels.ts'
import type { ConvLayer, ConvTensors } from './sizes.ts'

/*
 * Calls of `depthwiseF32` (kernels/depthwise-f32.ts): every input channel has `outChannels / groups` filters of its own.
 *
 *   y[n, p, c·m + i] = clamp(b[c·m + i] + Σ_t x[n, p·stride + t·dilation − pad, c] · w[c·m + i, t])
 */

export const isDepthwise = ({ groups, inChannels }: ConvLayer): boolean => groups === inChannels && groups > 1

/** Packs [C, T] as [C / 4][bias, then taps][4]; channels beyond the last are zero. `order`: which taps, in order. */
export function packDepthwise(
  packed: Float32Array,
  { weights, bias, scale }: Filters,
  channels: number,
  order: readonly number[],
): void {
  const taps = order.length
  for (let c = 0; c < channels; c++) {
    const to = Math.floor(c / depthwiseLanes) * depthwiseLanes * (1 + taps) + (c % depthwiseLanes)
    packed[to] = bias?.[c] ?? 0
    order.forEach((tap, t) => {
      packed[to + depthwiseLanes * (1 + t)] = weights[c * taps + tap]! * (scale?.[c] ?? 1)
    })
  }
}

/** @param order of the taps in the weights, by default as they come */
export function lowerDepthwise(
  layer: ConvLayer,
  tensors: ConvTensors,
  alloc: Allocator,
  order: readonly number[] = Array.from({ length: layer.kernelHeight * layer.kernelWidth }, (_, t) => t),
): Step[] {
  const { batch, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels: channels } = layer
  const { kernelHeight, kernelWidth, strideHeight, strideWidth, dilationHeight, dilationWidth, padTop, padLeft } = layer
  const zeros = alloc.alloc(4 * (channels + depthwiseLanes))
  const { packed: weights, steps: packing } = packInto(tensors, channels, order, alloc)

  const times = channels / inChannels
  const pixels = batch * inHeight * inWidth
  const x = times === 1 ? tensors.x : alloc.scratch(4 * (pixels * channels + depthwiseLanes))
  // The last tile of a row may reach beyond the last output.
  const tiled = Math.ceil(outWidth / depthwiseTileColumns) * depthwiseTileColumns
  const columns = (tiled - 1) * strideWidth + (kernelWidth - 1) * dilationWidth + 1
  const scratchBytes = 64 * Math.ceil((4 * kernelHeight * columns) / 64)
  const product = step('depthwiseF32', {
    x,
    zeros,
    weights,
    y: tensors.y,
    residual: tensors.residual ?? 0,
    scratch: alloc.scratch(scratchBytes * mostThreads),
    scratchBytes,
    scratchThreads: mostThreads,
    batch,
    inHeight,
    inWidth,
    outHeight,
    outWidth,
    channels,
    xPixel: times === 1 ? (tensors.xPixel ?? channels) : channels,
    yPixel: tensors.yPixel ?? channels,
    kernelHeight,
    kernelWidth,
    strideHeight,
    strideWidth,
    dilationHeight,
    dilationWidth,
    padTop,
    padLeft,
    columns,
    lo: tensors.lo,
    hi: tensors.hi,
  })
  const steps = [...packing, product]
  if (times === 1) return steps
  return [step('repeatChannelsF32', { x: tensors.x, y: x, pixels, channels: inChannels, times }), ...steps]
}

/** Packed now where the weights are known, else by a step that comes before. */
function packInto(tensors: ConvTensors, channels: number, order: readonly number[], alloc: Allocator) {
  const { weights } = tensors
  if (!isKnown(weights)) return packDepthwiseSteps(weights, channels, order.length, order, alloc)
  const count = packedDepthwiseFloats(channels, order.length)
  const packed = once(alloc, `depthwise ${order}`, (take) => {
    const at = take(4 * count)
    const floats = new Float32Array(alloc.memory.buffer, at, count)
    packDepthwise(floats, { ...tensors, weights: wholeFloats(weights) }, channels, order)
    return at
  })
  return { packed, steps: [] }
}

/**
 * A transposed depthwise convolution is an ordinary one with the taps in reverse, over an input with stride − 1 zeros between its pixels. (The
 * matrix product would take whole panels of output channels for one.)
 */
export function lowerDepthwiseTranspose(layer: ConvLayer, tensors: ConvTensors, alloc: Allocator): Step[] {
  const { batch, inHeight, inWidth, inChannels: channels, strideHeight, strideWidth } = layer
  const { kernelHeight, kernelWidth, dilationHeight, dilationWidth } = layer
  const [height, width] = [(inHeight - 1) * strideHeight + 1, (inWidth - 1) * strideWidth + 1]
  const spread = strideHeight > 1 || strideWidth > 1
  const count = batch * height * width * channels
  const x = spread ? alloc.scratch(4 * count) : tensors.x
  const row = width * channels
  const { xPixel = channels } = tensors
  const spreading = spread
    ? [
        ...lowerFill(x, count, 0),
        ...lowerCopy({
          x: tensors.x,
          y: x,
          sizes: [batch, inHeight, inWidth, channels],
          xStrides: [inHeight * inWidth * xPixel, inWidth * xPixel, xPixel, 1],
          yStrides: [height * row, strideHeight * row, strideWidth * channels, 1],
        }),
      ]
    : []
  const taps = kernelHeight * kernelWidth
  const ordinary: ConvLayer = {
    ...layer,
    inHeight: height,
    inWidth: width,
    strideHeight: 1,
    strideWidth: 1,
    padTop: (kernelHeight - 1) * dilationHeight - layer.padTop,
    padLeft: (kernelWidth - 1) * dilationWidth - layer.padLeft,
  }
  const reversed = Array.from({ length: taps }, (_, t) => taps - 1 - t)
  const pixels = spread ? { xPixel: channels } : {}
  return [...spreading, ...lowerDepthwise(ordinary, { ...tensors, x, ...pixels }, alloc, reversed)]
}
