import { inPieces, type KnownFilters, type WeightOrder } from './convolution.ts'
import type { KnownWeights } from './weights.ts'

/** Values that are read of a file at once. */
const countedTogether = 1 << 18
/** So many in the middle are looked at before all are. */
const looked = 4096

/** The share of weights that is 0; where there are hardly any in the middle, the share there: all of them take long to read. */
export function zeroShare(weights: KnownWeights, least: number): number {
  const { length } = weights
  const count = Math.min(looked, length)
  const there = zerosIn(weights, (length - count) >> 1, count) / count
  if (there < least) return there
  let zeros = 0
  for (let from = 0; from < length; from += countedTogether)
    zeros += zerosIn(weights, from, Math.min(countedTogether, length - from))
  return zeros / length
}

function zerosIn(weights: KnownWeights, from: number, count: number): number {
  const values = weights instanceof Float32Array ? weights.subarray(from, from + count) : weights.read(from, count)
  let zeros = 0
  for (const w of values) if (w === 0) zeros++
  return zeros
}

/** Weights as they come. */
export interface SparseFilters {
  readonly filters: KnownFilters
  readonly order: WeightOrder
  /** Channels per group. */
  readonly sizes: { readonly groups: number; readonly outChannels: number; readonly inChannels: number }
  /** Which taps to take, in order. */
  readonly taps: readonly number[]
  /** From one row of a tile to the next. */
  readonly rowBytes: number
}

/**
 * Packs weights for `sparseConvF32` and `sparseDenseF32`: for each output channel its bias, how many of its weights are not 0, and these: the bytes from the first
 * row of a turned tile to the one that the weight is for, then its value. Rows are those of all groups' channels under the first tap, then under the next.
 *
 * @param words as many as it takes; left out, they are only counted
 * @param onFilter is told where each output channel begins
 * @returns how many words it takes
 */
export function packSparse(
  { filters, order, sizes, taps, rowBytes }: SparseFilters,
  words?: Int32Array,
  onFilter?: (channel: number, at: number) => void,
): number {
  const values = words && new Float32Array(words.buffer, words.byteOffset, words.length)
  const { bias } = filters
  const { inChannels, outChannels } = sizes
  const tapRows = sizes.groups * inChannels
  let at = 0
  let channel = 0
  inPieces(filters, order, sizes, ({ weights, scale }, groups, count) => {
    for (let i = 0; i < groups * count; i++, channel++) {
      onFilter?.(channel, at)
      const begin = at
      at += 2
      const from = Math.floor(i / count) * order.group + (i % count) * order.outChannel
      const firstRow = Math.floor(channel / outChannels) * inChannels
      taps.forEach((tap, t) => {
        const row = rowBytes * (firstRow + t * tapRows)
        at = packRows(
          at,
          weights,
          from + tap * order.tap,
          order.inChannel,
          inChannels,
          row,
          rowBytes,
          scale?.[i] ?? 1,
          words,
          values,
        )
      })
      if (!words || !values) continue
      values[begin] = bias?.[channel] ?? 0
      words[begin + 1] = (at - begin) / 2 - 1
    }
  })
  return at
}

/** The channels of one tap. (A function of its own: it is compiled before many taps are done.) @returns where the next weight goes */
function packRows(
  to: number,
  weights: Float32Array,
  from: number,
  step: number,
  count: number,
  row: number,
  rowBytes: number,
  factor: number,
  words: Int32Array | undefined,
  values: Float32Array | undefined,
): number {
  for (let c = 0; c < count; c++, from += step, row += rowBytes) {
    const w = Math.fround(weights[from]! * factor)
    if (w === 0) continue
    if (words && values) {
      words[to] = row
      values[to + 1] = w
    }
    to += 2
  }
  return to
}
