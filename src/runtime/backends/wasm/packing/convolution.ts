import { depthwiseLanes, panelWidth } from '../engine/kernels.generated.ts'
import { type KnownWeights, pieceBytes, wholeFloats } from './weights.ts'

/** Where the weight of an output channel, an input channel and a tap lies in the array that a layer comes with; strides in elements. */
export interface WeightOrder {
  readonly group: number
  readonly outChannel: number
  readonly inChannel: number
  readonly tap: number
}

/** [O, C, T]: Conv's weight with its T taps row by row; `outChannels` and `inChannels` per group. */
export const oihw = (outChannels: number, inChannels: number, taps: number): WeightOrder => ({
  group: outChannels * inChannels * taps,
  outChannel: inChannels * taps,
  inChannel: taps,
  tap: 1,
})

/** [C, O, T]: ConvTranspose's weight; `outChannels` and `inChannels` per group. */
export const iohw = (outChannels: number, inChannels: number, taps: number): WeightOrder => ({
  group: outChannels * inChannels * taps,
  outChannel: taps,
  inChannel: outChannels * taps,
  tap: 1,
})

export const packedFloats = (groups: number, outChannels: number, inChannels: number, taps: number): number =>
  groups * Math.ceil(outChannels / panelWidth) * panelWidth * (1 + taps * inChannels)

/** Of [channels / 4][bias, then taps][4]. */
export const packedDepthwiseFloats = (channels: number, taps: number): number =>
  Math.ceil(channels / depthwiseLanes) * depthwiseLanes * (1 + taps)

/** Weights as ONNX has them; biases and factors of weights, one per output channel. */
export interface Filters {
  readonly weights: Float32Array
  readonly bias?: Float32Array
  readonly scale?: Float32Array
}

/**
 * Packs weights for `convF32`: for each group, for each 8 output channels their biases, then for each tap and input channel their 8 weights.
 * Channels beyond the last are zero. Written from front to back: a stride would touch every cache line eight times.
 *
 * @param packed zeros, `packedFloats` long
 * @param scale factor of each output channel's weights, of all groups
 * @param taps which taps to take, in order
 */
export function packPanels(
  packed: Float32Array,
  { weights, bias, scale }: Filters,
  order: WeightOrder,
  sizes: { readonly groups: number; readonly outChannels: number; readonly inChannels: number },
  taps: readonly number[],
): void {
  const { groups, outChannels, inChannels } = sizes
  const factors = new Float64Array(panelWidth).fill(1)
  let at = 0
  for (let g = 0; g < groups; g++)
    for (let first = 0; first < outChannels; first += panelWidth) {
      const columns = Math.min(panelWidth, outChannels - first)
      const channel = g * outChannels + first
      if (bias) packed.set(bias.subarray(channel, channel + columns), at)
      if (scale) factors.set(scale.subarray(channel, channel + columns))
      at += panelWidth
      for (let t = 0; t < taps.length; t++) {
        const from = g * order.group + first * order.outChannel + taps[t]! * order.tap
        packTap(packed, at, weights, from, order, columns, inChannels, factors)
        at += inChannels * panelWidth
      }
    }
}

/** One tap of a panel. (A function of its own: it is compiled before many taps are done.) */
function packTap(
  packed: Float32Array,
  to: number,
  weights: Float32Array,
  from: number,
  order: WeightOrder,
  columns: number,
  inChannels: number,
  factors: Float64Array,
): void {
  const { outChannel, inChannel } = order
  for (let c = 0; c < inChannels; c++) {
    let source = from + c * inChannel
    for (let o = 0; o < columns; o++) {
      packed[to + o] = weights[source]! * factors[o]!
      source += outChannel
    }
    to += panelWidth
  }
}

/** Weights that may still lie in a file. */
export type KnownFilters = Omit<Filters, 'weights'> & { readonly weights: KnownWeights }

/**
 * Hands filters on in runs of whole panels, as many as are read at once; all together where their weights are in memory already, or those of a filter
 * do not lie side by side.
 * @param sizes channels per group
 * @param pack gets filters of one or of all groups, and how many groups these are and how many filters each has
 */
export function inPieces(
  filters: KnownFilters,
  order: WeightOrder,
  sizes: { readonly groups: number; readonly outChannels: number; readonly inChannels: number },
  pack: (piece: Filters, groups: number, outChannels: number) => void,
): void {
  const { weights, bias, scale } = filters
  const { groups, outChannels, inChannels } = sizes
  const filter = order.outChannel
  const together = filter >= inChannels && (groups === 1 || order.group === outChannels * filter)
  if (weights instanceof Float32Array || !weights.streamed || !together) {
    pack({ ...filters, weights: wholeFloats(weights) }, groups, outChannels)
    return
  }
  const atOnce = panelWidth * Math.max(1, Math.floor(pieceBytes / (4 * filter * panelWidth)))
  for (let g = 0; g < groups; g++)
    for (let first = 0; first < outChannels; first += atOnce) {
      const columns = Math.min(atOnce, outChannels - first)
      const channel = g * outChannels + first
      const piece = {
        weights: weights.read(channel * filter, columns * filter),
        bias: bias?.subarray(channel, channel + columns),
        scale: scale?.subarray(channel, channel + columns),
      }
      pack(piece, 1, columns)
    }
}
