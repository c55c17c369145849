import { KerfError } from '../../base/index.ts'
import { clampAdderWeights } from '../../ops/index.ts'
import type { Bounds } from './bounds.ts'
import type { Codes } from './codes.ts'
import type { ConvLayer } from './conv-layer.ts'
import type { Affine } from './lowering.ts'
import {
  eachFilter,
  type FilterSizes,
  packAdderBytes,
  packAdderFloats,
  panelsOf,
  panelWidth,
  rowBytesFor,
  termsPerByte,
} from './pack-adder.ts'
import type { Allocator, Step } from './step.ts'

/*
 * Adder convolutions (AdderNet, Chen et al., CVPR 2020), NHWC:
 *
 *   y[n, p, o] = clamp(scale[o]·(−Σ_{c,t} |x[n, p·stride + t·dilation − pad, c] − w[o, c, t]| + bias[o]) + shift[o] + residual[n, p, o])
 *
 * where what lies beyond the input is zero and takes part: |0 − w|. Scale and shift are a BatchNormalization that follows.
 */

export interface AdderOutputs {
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
  readonly weights: Float32Array
  readonly bias?: Float32Array
  /** What is known of x. */
  readonly bounds?: Bounds
}

export interface AdderIntegerTensors extends AdderOutputs {
  /** Address of the input's codes, one byte each. */
  readonly x: number
  /** Address of the output: float32, or bytes. */
  readonly y: number
  /** [O, C/groups, kernelHeight, kernelWidth] codes of the input's scale and zero point. */
  readonly weights: Uint8Array
  readonly bias?: Float32Array
  /** What the input's and the weights' codes are. Padding has code `zeroPoint`. */
  readonly codes: Codes
  /** 'float32', or codes of the next layer; then without residual. */
  readonly output: 'float32' | Codes
}

/** Threads that get scratch memory where the allocator does not say how many there are; more than these stand idle. */
const mostThreads = 16
/** What a block of rows may take: a part of the second-level cache. */
const blockBytes = 48 * 1024
/** Of one row: results for a panel, a sum. */
const resultBytes = 4 * panelWidth + 4
/** Multiple of every tile's height. */
const rowGrain = 12
/** Taps of a depthwise layer whose sum of bytes fits into 16 bits. */
const mostDepthwiseTaps = 257

export const sizesOf = (layer: ConvLayer): FilterSizes => ({
  groups: layer.groups,
  outChannels: layer.outChannels / layer.groups,
  channels: layer.inChannels / layer.groups,
  taps: layer.kernelHeight * layer.kernelWidth,
})

export const isDepthwise = ({ groups, inChannels, outChannels }: ConvLayer): boolean =>
  groups > 1 && groups === inChannels && groups === outChannels

export const roundUp = (n: number, unit: number): number => unit * Math.ceil(n / unit)

/** Arguments that all adder kernels have. */
export function commonArgs(layer: ConvLayer, tensors: AdderOutputs & { readonly x: number; readonly y: number }) {
  const { batch, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, groups } = layer
  const { kernelHeight, kernelWidth, strideHeight, strideWidth, dilationHeight, dilationWidth, padTop, padLeft } = layer
  return {
    ...{ x: tensors.x, y: tensors.y, residual: tensors.residual ?? 0, loF: tensors.lo, hiF: tensors.hi },
    ...{ batch, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, groups },
    ...{ kernelHeight, kernelWidth, strideHeight, strideWidth, dilationHeight, dilationWidth, padTop, padLeft },
  }
}

/** How the work is cut: rows made at a time, and whether threads share output channels or pixels. */
export function blocks(layer: ConvLayer, rowBytes: number, weightBytes: number, alloc: Allocator) {
  const pixels = layer.batch * layer.outHeight * layer.outWidth
  const wanted = Math.floor(blockBytes / rowBytes / rowGrain) * rowGrain
  const blockRows = Math.min(Math.max(rowGrain, wanted), roundUp(pixels, rowGrain))
  const inputBytes = (rowBytes * pixels) / (layer.kernelHeight * layer.kernelWidth)
  const byChannels = panelsOf(sizesOf(layer)) >= 8 && (pixels < 16 * rowGrain || weightBytes > inputBytes)
  return {
    rowBytes,
    blockRows,
    byChannels: byChannels ? 1 : 0,
    ...scratch(blockRows * (rowBytes + resultBytes), alloc),
  }
}

export function scratch(bytes: number, alloc: Allocator) {
  const scratchThreads = mostThreads
  const scratchBytes = roundUp(bytes, 64)
  return { scratch: alloc.scratch(scratchBytes * scratchThreads), scratchBytes, scratchThreads }
}

function put(data: Float32Array | Uint8Array | Int32Array, alloc: Allocator): number {
  const at = alloc.alloc(data.byteLength)
  new Uint8Array(alloc.memory.buffer, at, data.byteLength).set(
    new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  )
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

/** Multiples of 1 KiB would put the rows of a tile into the same sets of the first cache. */
export const floatRowBytes = (length: number): number => roundUp(4 * length, 16) + (length % 256 === 0 ? 64 : 0)

/** The kernel calls of a float32 adder convolution; its weights are packed into lasting memory. */
export function lowerAdderConv(layer: ConvLayer, tensors: AdderTensors, alloc: Allocator): Step[] {
  const sizes = sizesOf(layer)
  const { bias, affine, bounds } = tensors
  // Padding is 0. Weights of hundreds beside inputs of ones would leave a few digits of what the layer is about.
  const inside =
    bounds && clampAdderWeights(tensors.weights, layer.outChannels, Math.min(bounds.lo, 0), Math.max(bounds.hi, 0))
  const weights = inside?.weights ?? tensors.weights
  const scale = (filter: number): number => affine?.scale[filter] ?? 1
  const offset = (filter: number): number =>
    scale(filter) * ((bias?.[filter] ?? 0) - (inside?.filterConstant[filter] ?? 0)) + (affine?.shift[filter] ?? 0)
  if (isDepthwise(layer)) {
    const padded = roundUp(layer.outChannels, 4)
    const packed = new Float32Array(sizes.taps * padded)
    const filters = new Float32Array(2 * padded)
    for (let c = 0; c < layer.outChannels; c++) {
      for (let t = 0; t < sizes.taps; t++) packed[t * padded + c] = weights[c * sizes.taps + t] as number
      filters[c] = -scale(c)
      filters[padded + c] = offset(c)
    }
    const args = {
      ...commonArgs(layer, tensors),
      ...{ weights: put(packed, alloc), filters: put(filters, alloc), rowBytes: 0, blockRows: 0, byChannels: 0 },
      ...scratch(4 * (padded + sizes.taps), alloc),
    }
    return [{ kernel: 'adderDepthwiseF32', args }]
  }
  const shift = Math.fround(Math.max(0, -weights.reduce((least, w) => Math.min(least, w), 0)))
  const packed = packAdderFloats(weights, sizes, shift)
  const length = sizes.channels * sizes.taps
  const rowBytes = floatRowBytes(length)
  const args = {
    ...commonArgs(layer, tensors),
    ...{ weights: put(packed, alloc), shiftF: shift, shiftAt: 0 },
    filters: put(
      filterPanels(sizes, 2, (f) => [-2 * scale(f), offset(f)]),
      alloc,
    ),
    ...blocks(layer, rowBytes, packed.byteLength, alloc),
  }
  return [{ kernel: 'adderF32', args }]
}

/** Sums below are exact as floats, too. */
const exactFloats = 2 ** 24

/** Whether a window's sum of differences of bytes is exact. */
export const fitsIntegers = ({ inChannels, groups, kernelHeight, kernelWidth }: ConvLayer): boolean =>
  (inChannels / groups) * kernelHeight * kernelWidth * 255 < exactFloats

/**
 * The kernel calls of an adder convolution of codes of up to 8 bits. Σ|xq − wq| is exact; what follows is float32:
 * y = −scale·Σ|xq − wq| + bias, then affine, residual, clamping.
 * @throws KerfError `bad-argument` for sizes whose sums would not be exact as floats (2^24), and for codes with a residual
 */
export function lowerAdderConvInteger(layer: ConvLayer, tensors: AdderIntegerTensors, alloc: Allocator): Step[] {
  const sizes = sizesOf(layer)
  const { weights, bias, codes, output, affine } = tensors
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
        loF: Math.max(tensors.lo / unit, -next.zeroPoint),
        hiF: Math.min(tensors.hi / unit, next.most - next.zeroPoint),
      }
    : { loF: tensors.lo, hiF: tensors.hi }
  const common = {
    ...commonArgs(layer, tensors),
    ...limits,
    padCode: codes.zeroPoint,
    toBytes: next ? 1 : 0,
    outZero: next?.zeroPoint ?? 0,
  }
  if (isDepthwise(layer) && sizes.taps <= mostDepthwiseTaps) {
    const padded = roundUp(layer.outChannels, 16)
    const packed = new Uint8Array(sizes.taps * padded)
    const filters = new Float32Array(2 * padded)
    for (let c = 0; c < layer.outChannels; c++) {
      for (let t = 0; t < sizes.taps; t++) packed[t * padded + c] = weights[c * sizes.taps + t] as number
      filters[c] = factor(c)
      filters[padded + c] = offset(c)
    }
    const args = {
      ...{ ...common, weights: put(packed, alloc), filters: put(filters, alloc) },
      ...{ rowBytes: 0, blockRows: 0, byChannels: 0, terms: 0, direct: 0 },
      ...scratch(padded + 64 + 4 * sizes.taps, alloc),
    }
    return [{ kernel: 'adderDepthwiseU8', args }]
  }
  const terms = termsPerByte(weights, sizes)
  const rowBytes = rowBytesFor(length, terms)
  const packed = packAdderBytes(weights, sizes, rowBytes)
  const filters = filterPanels(sizes, 3, (f) => [factor(f), offset(f), 0])
  const sums = new Int32Array(filters.buffer)
  eachFilter(sizes, (panel, column, filter) => {
    let sum = 0
    for (let k = filter * length; k < (filter + 1) * length; k++) sum += weights[k] as number
    sums[(panel * 3 + 2) * panelWidth + column] = -sum
  })
  const args = {
    ...common,
    ...{ weights: put(packed, alloc), filters: put(filters, alloc), terms, direct: isDirect(layer, rowBytes) ? 1 : 0 },
    ...blocks(layer, rowBytes, packed.byteLength, alloc),
  }
  return [{ kernel: 'adderU8', args }]
}

/** The input's pixels are the rows already. */
const isDirect = (layer: ConvLayer, rowBytes: number): boolean =>
  layer.kernelHeight * layer.kernelWidth === 1 &&
  layer.groups === 1 &&
  layer.strideHeight === 1 &&
  layer.strideWidth === 1 &&
  layer.padTop === 0 &&
  layer.padLeft === 0 &&
  layer.outHeight === layer.inHeight &&
  layer.outWidth === layer.inWidth &&
  layer.inChannels === rowBytes

/** The kernel call that turns `count` floats into codes: clamp(round(x / scale) + zeroPoint, 0, most), as QuantizeLinear rounds. */
export function lowerQuantise({
  x,
  y,
  count,
  codes,
}: Record<'x' | 'y' | 'count', number> & { readonly codes: Codes }): Step[] {
  const { scale, zeroPoint, most } = codes
  return [{ kernel: 'quantiseU8', args: { x, y, count, scaleF: scale, zeroPointF: zeroPoint, mostF: most } }]
}
