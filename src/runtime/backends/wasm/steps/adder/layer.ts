import { KerfError } from '../../../../../base/index.ts'
import type { Affine, Bounds } from '../../../../../graph/index.ts'
import { clampAdderWeights } from '../../../../../ops/index.ts'
import type { Codes } from '../../../../../plan/index.ts'
import {
  adderCodeRows,
  adderDepthwiseTaps,
  adderFilterRows,
  codeLanes,
  panelWidth,
} from '../../engine/kernels.generated.ts'
import { exactDots } from '../../engine/module.ts'
import {
  eachFilter,
  type FilterSizes,
  packAdderBytes,
  packAdderFloats,
  panelsOf,
  termsPerByte,
} from '../../packing/adder.ts'
import { type KnownWeights, wholeFloats } from '../../packing/weights.ts'
import type { ConvLayer } from '../convolution/sizes.ts'
import { inOneRow } from '../quantise.ts'
import { type Allocator, once, type Step, step } from '../step.ts'
import { cutCodes, cutFloats, roundUp, rowsBytes, scratch, sizesOf } from './cut.ts'

/*
 * Adder convolutions (AdderNet, Chen et al., CVPR 2020), NHWC:
 *
 *   y[n, p, o] = clamp(scale[o]·(−Σ_{c,t} |x[n, p·stride + t·dilation − pad, c] − w[o, c, t]| + bias[o]) + shift[o] + residual[n, p, o])
 *
 * where what lies beyond the input is zero and takes part: |0 − w|. Scale and shift are a BatchNormalization that follows.
 */

export interface AdderOutputs {
  /** Elements from one pixel to the next, of y also those of the residual; by default the layer's channels. Codes lie side by side. */
  readonly xPixel?: number
  readonly yPixel?: number
  /** A float32 tensor of y's shape, added before clamping; it may be y itself. */
  readonly residual?: number
  readonly affine?: Affine
  /** The result is clamped to [lo, hi]; -Infinity and Infinity for none. */
  readonly lo: number
  readonly hi: number
}

export interface AdderTensors extends AdderOutputs {
  /** Addresses of float32 tensors. */
  readonly x: number
  readonly y: number
  /** [O, C/groups, kernelHeight, kernelWidth]. */
  readonly weights: KnownWeights
  readonly bias?: Float32Array
  /** What is known of x. */
  readonly bounds?: Bounds
}

export interface AdderIntegerTensors extends AdderOutputs {
  /** Address of the input's codes, one byte each. */
  readonly x: number
  /** Address of the output: float32, or bytes. */
  readonly y: number
  /** [O, C/groups, kernelHeight, kernelWidth] codes of the input's scale and zero point, perhaps made when they are asked for. */
  readonly weights: Uint8Array | (() => Uint8Array)
  readonly bias?: Float32Array
  /** What the input's and the weights' codes are. Padding has code `zeroPoint`. */
  readonly codes: Codes
  /** 'float32', or codes of the next layer; then without residual. */
  readonly output: 'float32' | Codes
}

export const isDepthwise = ({ groups, inChannels, outChannels }: ConvLayer): boolean =>
  groups > 1 && groups === inChannels && groups === outChannels

/** Arguments that say what the layer is. */
export function shapeArgs(layer: ConvLayer) {
  const { batch, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, groups } = layer
  const { kernelHeight, kernelWidth, strideHeight, strideWidth, dilationHeight, dilationWidth, padTop, padLeft } = layer
  return {
    ...{ batch, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, groups },
    ...{ kernelHeight, kernelWidth, strideHeight, strideWidth, dilationHeight, dilationWidth, padTop, padLeft },
  }
}

/** Arguments that all adder kernels have. */
export const commonArgs = (layer: ConvLayer, tensors: AdderOutputs & { readonly x: number; readonly y: number }) => {
  const { x, y, xPixel = layer.inChannels, yPixel = layer.outChannels, residual = 0, lo, hi } = tensors
  return { ...shapeArgs(layer), x, y, xPixel, yPixel, residual, lo, hi }
}

function put(data: Float32Array | Uint8Array, { memory }: Allocator, take: Allocator['alloc']): number {
  const at = take(data.byteLength)
  new Uint8Array(memory.buffer, at, data.byteLength).set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
  return at
}

/** Per filter y = a·sum + b; in panels of 8, with room for further blocks of 8 behind. */
function filterPanels(
  sizes: FilterSizes,
  blocksPerPanel: number,
  factor: (filter: number) => readonly number[],
): Float32Array {
  const panels = new Float32Array(panelsOf(sizes) * panelWidth * blocksPerPanel)
  eachFilter(sizes, (panel, column, filter) => {
    factor(filter).forEach((value, i) => {
      panels[(panel * blocksPerPanel + i) * panelWidth + column] = value
    })
  })
  return panels
}

/** The kernel calls of a float32 adder convolution; its weights are packed into lasting memory. */
export function lowerAdderConv(layer: ConvLayer, tensors: AdderTensors, alloc: Allocator): Step[] {
  const sizes = sizesOf(layer)
  const { bias, affine, bounds } = tensors
  const scale = (filter: number): number => affine?.scale[filter] ?? 1
  const clamped = () => {
    const weights = wholeFloats(tensors.weights)
    // Padding is 0. Weights of hundreds beside inputs of ones would leave a few digits of what the layer is about.
    const inside =
      bounds && clampAdderWeights(weights, layer.outChannels, Math.min(bounds.lo, 0), Math.max(bounds.hi, 0))
    const offset = (filter: number): number =>
      scale(filter) * ((bias?.[filter] ?? 0) - (inside?.filterConstant[filter] ?? 0)) + (affine?.shift[filter] ?? 0)
    return { weights: inside?.weights ?? weights, offset }
  }
  const how = JSON.stringify(bounds ?? null)
  if (isDepthwise(layer)) {
    const padded = roundUp(layer.outChannels, 4)
    const places = once(alloc, `adder depthwise ${how}`, (take) => {
      const { weights, offset } = clamped()
      const packed = new Float32Array(sizes.taps * padded)
      const filters = new Float32Array(2 * padded)
      for (let c = 0; c < layer.outChannels; c++) {
        for (let t = 0; t < sizes.taps; t++) packed[t * padded + c] = weights[c * sizes.taps + t]!
        filters[c] = -scale(c)
        filters[padded + c] = offset(c)
      }
      return { weights: put(packed, alloc, take), filters: put(filters, alloc, take) }
    })
    return [
      step('adderDepthwiseF32', {
        ...commonArgs(layer, tensors),
        ...places,
        ...scratch(4 * (padded + sizes.taps), alloc),
      }),
    ]
  }
  const cut = cutFloats(layer)
  const scratchBytes = alloc.native ? Math.max(cut.scratchBytes, rowsBytes(layer, cut, 4)) : cut.scratchBytes
  const { tapChannels, run, runs, partRuns } = cut
  const places = once(alloc, `adder ${how} ${[tapChannels, run, runs, partRuns]}`, (take) => {
    const { weights, offset } = clamped()
    const shift = Math.fround(Math.max(0, -weights.reduce((least, w) => Math.min(least, w), 0)))
    const filters = filterPanels(sizes, adderFilterRows, (f) => [-2 * scale(f), offset(f)])
    const packed = packAdderFloats(weights, sizes, cut, shift)
    return { shift, weights: put(packed, alloc, take), filters: put(filters, alloc, take) }
  })
  return [
    step('adderF32', {
      ...commonArgs(layer, tensors),
      ...{ ...cut.args, partRuns, shiftAt: 0 },
      ...places,
      ...scratch(scratchBytes, alloc),
    }),
  ]
}

/** Sums below are exact as floats, too. */
const exactFloats = 2 ** 24

/** Whether a window's sum of differences of bytes is exact. */
export const fitsIntegers = ({ inChannels, groups, kernelHeight, kernelWidth }: ConvLayer): boolean =>
  (inChannels / groups) * kernelHeight * kernelWidth * 255 < exactFloats

/**
 * The kernel calls of an adder convolution of codes of up to 8 bits. Σ|xq − wq| is exact; what follows is float32:
 * y = −scale·Σ|xq − wq| + bias, then affine, residual, clamping.
 * @param dots whether dot products add up terms; by default where the engine has one instruction for them
 * @throws KerfError `bad-argument` for sizes whose sums would not be exact as floats (2^24), and for codes with a residual
 */
export function lowerAdderConvInteger(
  layer: ConvLayer,
  tensors: AdderIntegerTensors,
  alloc: Allocator,
  dots = !alloc.native && exactDots().products === 255,
): Step[] {
  const sizes = sizesOf(layer)
  const { bias, codes, output, affine } = tensors
  const ownWeights = () => (typeof tensors.weights === 'function' ? tensors.weights() : tensors.weights)
  const how = JSON.stringify([codes, output])
  const length = sizes.channels * sizes.taps
  if (!fitsIntegers(layer))
    throw new KerfError(
      'bad-argument',
      `A window of ${length} values is too large for sums of bytes to be exact. Use float32.`,
    )
  const next = output === 'float32' ? undefined : output
  if (next && tensors.residual)
    throw new KerfError('bad-argument', 'A residual cannot be added to codes. Put out float32.')
  const unit = next?.scale ?? 1
  const factor = (f: number): number => (-codes.scale * (affine?.scale[f] ?? 1)) / unit
  const offset = (f: number): number => ((affine?.scale[f] ?? 1) * (bias?.[f] ?? 0) + (affine?.shift[f] ?? 0)) / unit
  const limits = next
    ? {
        lo: Math.max(tensors.lo / unit, -next.zeroPoint),
        hi: Math.min(tensors.hi / unit, next.most - next.zeroPoint),
      }
    : { lo: tensors.lo, hi: tensors.hi }
  const common = {
    ...commonArgs(layer, tensors),
    ...limits,
    padCode: codes.zeroPoint,
    toBytes: next !== undefined,
    outZero: next?.zeroPoint ?? 0,
  }
  if (isDepthwise(layer) && sizes.taps <= adderDepthwiseTaps) {
    const padded = roundUp(layer.outChannels, codeLanes)
    const places = once(alloc, `adder codes depthwise ${how}`, (take) => {
      const weights = ownWeights()
      const packed = new Uint8Array(sizes.taps * padded)
      const filters = new Float32Array(2 * padded)
      for (let c = 0; c < layer.outChannels; c++) {
        for (let t = 0; t < sizes.taps; t++) packed[t * padded + c] = weights[c * sizes.taps + t]!
        filters[c] = factor(c)
        filters[padded + c] = offset(c)
      }
      return { weights: put(packed, alloc, take), filters: put(filters, alloc, take) }
    })
    return [
      step('adderDepthwiseU8', {
        ...common,
        ...places,
        ...scratch(padded + 64 + 4 * sizes.taps, alloc),
      }),
    ]
  }
  const cut = cutCodes(layer, dots)
  const { tapChannels, run, runs, lineTaps } = cut
  const scratchBytes = alloc.native ? Math.max(cut.scratchBytes, rowsBytes(layer, cut, 1)) : cut.scratchBytes
  const together = alloc.native ? 8 : 4
  // Maxima of what fills up are 255 whatever is read there.
  const filler = dots ? 255 : 0
  const fillers = 2 * filler * (run * runs - length)
  const places = once(alloc, `adder codes ${how} ${[tapChannels, run, runs, lineTaps, filler]}`, (take) => {
    const weights = ownWeights()
    const packed = packAdderBytes(weights, sizes, cut, together, filler)
    const filters = filterPanels(sizes, adderCodeRows, (f) => [factor(f), offset(f), 0])
    const sums = new Int32Array(filters.buffer)
    eachFilter(sizes, (panel, column, filter) => {
      let sum = fillers
      for (let k = filter * length; k < (filter + 1) * length; k++) sum += weights[k]!
      sums[(panel * adderCodeRows + 2) * panelWidth + column] = -sum
    })
    const terms = together === 8 || dots ? 1 : termsPerByte(packed, run)
    return { terms, weights: put(packed, alloc, take), filters: put(filters, alloc, take) }
  })
  return [
    step('adderU8', {
      ...{ ...common, ...cut.args, codesAs: cut.codesAs },
      ...places,
      dots,
      ...scratch(scratchBytes, alloc),
    }),
  ]
}

/** The kernel call that turns `count` floats into codes: clamp(round(x / scale) + zeroPoint, 0, most), as QuantizeLinear rounds. */
export function lowerQuantise({
  x,
  y,
  count,
  codes,
}: Record<'x' | 'y' | 'count', number> & { readonly codes: Codes }): Step[] {
  const { scale, zeroPoint, most } = codes
  return [step('quantiseU8', { x, y, ...inOneRow(count), scale, zeroPoint, least: 0, most })]
}
