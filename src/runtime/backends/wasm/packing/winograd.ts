import { panelWidth, winogradProducts } from '../engine/kernels.generated.ts'
import { type Filters, inPieces, type KnownFilters, type WeightOrder } from './convolution.ts'

/** Of a layer without groups. */
export interface Channels {
  readonly inChannels: number
  readonly outChannels: number
}

export const packedWinogradFloats = (outChannels: number, inChannels: number): number =>
  Math.ceil(outChannels / panelWidth) * panelWidth * (1 + winogradProducts * inChannels)

export const tapsOf = (order: WeightOrder, reversed: boolean) => ({
  firstTap: reversed ? 8 * order.tap : 0,
  tapStep: reversed ? -order.tap : order.tap,
})

/**
 * Packs weights for `winogradF32`, as `packWinogradF32` does: for each 8 output channels their biases, then G g Gᵀ as [16][channel][8].
 * @param packed zeros
 */
export function packWinograd(
  packed: Float32Array,
  { weights, bias, scale }: Filters,
  order: WeightOrder,
  reversed: boolean,
  { inChannels, outChannels }: Channels,
): void {
  const { firstTap, tapStep } = tapsOf(order, reversed)
  const step = panelWidth * inChannels
  for (
    let first = 0, head = 0;
    first < outChannels;
    first += panelWidth, head += panelWidth + winogradProducts * step
  ) {
    const columns = Math.min(panelWidth, outChannels - first)
    for (let o = 0; o < columns; o++) packed[head + o] = bias?.[first + o] ?? 0
    // Filter by filter within a channel: 16 lines of the cache are written at a time, from front to back.
    for (let c = 0; c < inChannels; c++)
      for (let o = 0; o < columns; o++) {
        const from = (first + o) * order.outChannel + c * order.inChannel + firstTap
        transformFilter(packed, head + panelWidth * (1 + c) + o, step, weights, from, tapStep, scale?.[first + o] ?? 1)
      }
  }
}

/** G g Gᵀ of one filter and channel; `step` lies between its 16 values. (A function of its own: it is compiled before many filters are done.) */
function transformFilter(
  packed: Float32Array,
  to: number,
  step: number,
  weights: Float32Array,
  from: number,
  tapStep: number,
  factor: number,
): void {
  const g0 = factor * weights[from]!
  const g1 = factor * weights[from + tapStep]!
  const g2 = factor * weights[from + 2 * tapStep]!
  const g3 = factor * weights[from + 3 * tapStep]!
  const g4 = factor * weights[from + 4 * tapStep]!
  const g5 = factor * weights[from + 5 * tapStep]!
  const g6 = factor * weights[from + 6 * tapStep]!
  const g7 = factor * weights[from + 7 * tapStep]!
  const g8 = factor * weights[from + 8 * tapStep]!
  transformRow(packed, to, step, g0, g1, g2)
  transformRow(packed, to + 4 * step, step, (g0 + g3 + g6) / 2, (g1 + g4 + g7) / 2, (g2 + g5 + g8) / 2)
  transformRow(packed, to + 8 * step, step, (g0 - g3 + g6) / 2, (g1 - g4 + g7) / 2, (g2 - g5 + g8) / 2)
  transformRow(packed, to + 12 * step, step, g6, g7, g8)
}

/** Four values of three: times Gᵀ. */
function transformRow(packed: Float32Array, to: number, step: number, a: number, b: number, c: number): void {
  packed[to] = a
  packed[to + step] = (a + b + c) / 2
  packed[to + 2 * step] = (a - b + c) / 2
  packed[to + 3 * step] = c
}

/**
 * Between the largest weight of one tap of a filter and that of another. Winograd's products mix the taps, and their rounding is that of the largest: at a border,
 * or beside zeros, where only the small ones have a part in the sum, 6e-8 of it times this and about four is off.
 */
const mostSpread = 2 ** 13
/** Filters so much smaller than the largest of a layer are dead: training has shrunk them to any sizes, and nothing is made of them. */
const dead = 2 ** -20

/** Whether the taps of every 3×3 filter are of about one size, and finite, so that mixing them loses none of them. Taps that are all 0 are none. */
export function hasEvenTaps(filters: KnownFilters, order: WeightOrder, channels: Channels): boolean {
  const most = new Float32Array(channels.outChannels)
  const spread = new Float32Array(channels.outChannels)
  let done = 0
  inPieces(filters, order, { groups: 1, ...channels }, ({ weights }, _, outChannels) => {
    for (let o = 0; o < outChannels; o++, done++) {
      const taps = largestByTap(weights, order, o * order.outChannel, channels.inChannels)
      most[done] = Math.max(...taps)
      spread[done] = most[done]! / Math.min(...taps.filter((size) => size !== 0))
    }
  })
  const least = dead * most.reduce((a, b) => Math.max(a, b), 0)
  return most.every((size, o) => size < least || size === 0 || spread[o]! <= mostSpread)
}

/** The largest size of a weight of each tap, or NaN, of all input channels. */
function largestByTap(weights: Float32Array, order: WeightOrder, first: number, inChannels: number): number[] {
  const taps: number[] = []
  for (let tap = 0; tap < 9; tap++) {
    let largest = 0
    for (let c = 0, at = first + tap * order.tap; c < inChannels; c++, at += order.inChannel) {
      const size = Math.abs(weights[at]!)
      if (size > largest || Number.isNaN(size)) largest = size
    }
    taps.push(largest)
  }
  return taps
}
