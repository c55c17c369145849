import type { KernelArgs } from './abi.ts'
import { mostThreads } from './conv-f32.ts'
import type { ConvLayer, ConvTensors } from './conv-layer.ts'
import type { Allocator, Step } from './step.ts'

/*
 * Calls of `depthwiseF32` (kernels/depthwise-f32.ts): every input channel has `outChannels / groups` filters of its own.
 *
 *   y[n, p, c·m + i] = clamp(b[c·m + i] + Σ_t x[n, p·stride + t·dilation − pad, c] · w[c·m + i, t])
 */

/** Channels that one vector holds. */
const lanes = 4
/** Output pixels of the kernel's largest tile. */
const tileColumns = 4

export const isDepthwise = ({ groups, inChannels }: ConvLayer): boolean => groups === inChannels && groups > 1

const packedDepthwiseFloats = (channels: number, taps: number): number =>
  Math.ceil(channels / lanes) * lanes * (1 + taps)

/** Packs [C, T] as [C / 4][bias, then taps][4]; channels beyond the last are zero. */
export function packDepthwise(
  packed: Float32Array,
  { weights, bias, scale }: Pick<ConvTensors, 'weights' | 'bias' | 'scale'>,
  channels: number,
  taps: number,
): void {
  for (let c = 0; c < channels; c++) {
    const to = Math.floor(c / lanes) * lanes * (1 + taps) + (c % lanes)
    packed[to] = bias?.[c] ?? 0
    for (let t = 0; t < taps; t++) packed[to + lanes * (1 + t)] = (weights[c * taps + t] as number) * (scale?.[c] ?? 1)
  }
}

export function lowerDepthwise(layer: ConvLayer, tensors: ConvTensors, alloc: Allocator): Step[] {
  const { batch, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels: channels } = layer
  const { kernelHeight, kernelWidth, strideHeight, strideWidth, dilationHeight, dilationWidth, padTop, padLeft } = layer
  const taps = kernelHeight * kernelWidth
  const count = packedDepthwiseFloats(channels, taps)
  const weights = alloc.alloc(4 * count)
  const zeros = alloc.alloc(4 * (channels + lanes))
  packDepthwise(new Float32Array(alloc.memory.buffer, weights, count), tensors, channels, taps)

  const times = channels / inChannels
  const pixels = batch * inHeight * inWidth
  const x = times === 1 ? tensors.x : alloc.scratch(4 * (pixels * channels + lanes))
  // The last tile of a row may reach beyond the last output.
  const tiled = Math.ceil(outWidth / tileColumns) * tileColumns
  const columns = (tiled - 1) * strideWidth + (kernelWidth - 1) * dilationWidth + 1
  const scratchBytes = 64 * Math.ceil((4 * kernelHeight * columns) / 64)
  const args: KernelArgs<'depthwiseF32'> = {
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
    kernelHeight,
    kernelWidth,
    strideHeight,
    strideWidth,
    dilationHeight,
    dilationWidth,
    padTop,
    padLeft,
    columns,
    loF: tensors.lo,
    hiF: tensors.hi,
  }
  const steps: Step[] = [{ kernel: 'depthwiseF32', args }]
  if (times > 1)
    steps.unshift({ kernel: 'repeatChannelsF32', args: { x: tensors.x, y: x, pixels, channels: inChannels, times } })
  return steps
}
