import type { Difference } from '../../../../../ops/index.ts'
import { adderEntryBytes, adderFilterRows, adderInputRows, panelWidth } from '../../engine/kernels.generated.ts'
import { panelsOf } from '../../packing/adder.ts'
import { factorsOf, packPanelsSteps, type Range, type Shifting, unbounded } from '../../packing/computed.ts'
import type { ConvLayer } from '../convolution/sizes.ts'
import { lowerReduce } from '../reduce.ts'
import { type Allocator, type Step, step } from '../step.ts'
import { cutFloats, roundUp, scratch, sizesOf } from './cut.ts'
import { type AdderOutputs, commonArgs, isDepthwise, shapeArgs } from './layer.ts'

/*
 * Adder convolutions whose weights are computed while running, and the gradient of their input (kernels/adder-gradient.ts).
 */

export interface ComputedAdderTensors extends AdderOutputs {
  /** Addresses; weights [O, C/groups, kernelHeight, kernelWidth], bias [O]. */
  readonly x: number
  readonly y: number
  readonly weights: number
  readonly bias?: number
  /** What the input's values lie in. */
  readonly bounds?: Range
}

/** The least weight of every filter, from which kernels know the shift that makes all of them non-negative. */
function minimaSteps(
  layer: ConvLayer,
  weights: number,
  alloc: Allocator,
): Shifting & { readonly steps: readonly Step[] } {
  const { outChannels } = layer
  const { channels, taps } = sizesOf(layer)
  const minima = alloc.scratch(4 * outChannels)
  return {
    minima,
    minimaCount: outChannels,
    shiftAt: alloc.scratch(4),
    steps: lowerReduce('min', weights, minima, [outChannels, channels * taps], [1], alloc),
  }
}

/** The kernel calls of a float32 adder convolution; its weights are packed before each run of it. */
export function lowerAdderConvComputed(layer: ConvLayer, tensors: ComputedAdderTensors, alloc: Allocator): Step[] {
  const sizes = sizesOf(layer)
  const { weights: w, bias, affine, bounds = unbounded } = tensors
  const { bias: biasAt, scale, shift: offset } = factorsOf({ bias, scale: affine?.scale, shift: affine?.shift }, alloc)
  if (isDepthwise(layer)) {
    const padded = roundUp(layer.outChannels, 4)
    const packed = alloc.scratch(4 * sizes.taps * padded)
    const filters = alloc.scratch(8 * padded)
    return [
      step('packAdderDepthwiseF32', {
        ...{ w, packed, filters, bias: biasAt, scale, offset, channels: layer.outChannels, padded, taps: sizes.taps },
      }),
      step('adderDepthwiseF32', {
        ...commonArgs(layer, tensors),
        ...{ weights: packed, filters },
        ...scratch(4 * (padded + sizes.taps), alloc),
      }),
    ]
  }
  const { steps, ...shifting } = minimaSteps(layer, w, alloc)
  const cut = cutFloats(layer)
  const { tapChannels, run, runs, partRuns } = cut
  const panels = panelsOf(sizes)
  const packed = alloc.scratch(4 * panels * panelWidth * (run * runs + Math.ceil(runs / partRuns)))
  const filters = alloc.scratch(4 * adderFilterRows * panels * panelWidth)
  const packing = step('packAdderF32', {
    ...{ w, packed, filters, bias: biasAt, scale, offset, ...shifting },
    // 0 is in the range, since layers pad.
    ...{ lo: Math.min(bounds.lo, 0), hi: Math.max(bounds.hi, 0) },
    ...{ groups: sizes.groups, outChannels: sizes.outChannels, channels: sizes.channels, taps: sizes.taps },
    ...{ tapChannels, run, runs, partRuns },
  })
  const product = step('adderF32', {
    ...commonArgs(layer, tensors),
    ...{ ...cut.args, partRuns, weights: packed, filters, shift: 0, shiftAt: shifting.shiftAt },
    ...scratch(cut.scratchBytes, alloc),
  })
  return [...steps, packing, product]
}

const unshifted: Shifting = { minima: 0, minimaCount: 0, shiftAt: 0 }

/** What a block of pixels may take: its table. */
const tableBytes = 16 * 1024

/**
 * The kernel calls of dX[q, c] = Σ dY[p, o]·f(W[o, c, t] − X[q, c]).
 * @param layer of the convolution itself
 * @param tensors addresses; w as ONNX has it, the others NHWC
 * @param bounds what the values of x lie in: from a weight beyond them by more than 1, all of them are clipped
 */
export function lowerAdderInputGradient(
  layer: ConvLayer,
  difference: Difference,
  { dy, x, w, dx }: Readonly<Record<'dy' | 'x' | 'w' | 'dx', number>>,
  alloc: Allocator,
  bounds: Range = unbounded,
): Step[] {
  const { groups, outChannels, channels, taps } = sizesOf(layer)
  const clips = difference === 'clip'
  const { steps, ...shifting } = clips ? minimaSteps(layer, w, alloc) : { ...unshifted, steps: [] }
  const { lo, hi } = clips ? { lo: Math.min(bounds.lo, 0) - 1, hi: Math.max(bounds.hi, 0) + 1 } : unbounded
  // The kernel's panels are of input channels, their inner loop is over output channels.
  const order = { group: outChannels * channels * taps, outChannel: taps, inChannel: channels * taps, tap: 1 }
  const sizes = { groups, outChannels: channels, inChannels: outChannels }
  const all = Array.from({ length: taps }, (_, t) => t)
  const { packed, steps: packing } = packPanelsSteps({ weights: w }, order, sizes, all, alloc, { lo, hi }, shifting)
  const outputs = layer.batch * layer.outHeight * layer.outWidth
  // What a clip leaves out of every term, x·dY, is subtracted at the end.
  const sums = clips ? alloc.scratch(4 * outputs * groups) : 0
  const summing = clips ? lowerReduce('sum', dy, sums, [outputs * groups, outChannels], [1], alloc) : []
  // Machine code has a pixel of zeros, and a table of pixels that go together: at worst each of them by itself.
  const own = alloc.native
    ? {
        bytes: 2 * tableBytes,
        more: 4 * outChannels,
        pixelBytes: 4 * (1 + adderInputRows + taps * (1 + 2 * adderInputRows)),
      }
    : { bytes: tableBytes, more: 0, pixelBytes: adderEntryBytes * (1 + taps) }
  const blockPixels = Math.max(1, Math.floor(own.bytes / own.pixelBytes))
  const gradient = step('adderInputGradientF32', {
    ...{ ...shapeArgs(layer), shiftAt: shifting.shiftAt, dy, x, weights: packed, dx, sums, difference, blockPixels },
    ...scratch(own.more + blockPixels * own.pixelBytes, alloc),
  })
  return [...steps, ...packing, ...summing, gradient]
}
