import { codePanelHead, panelWidth } from '../engine/kernels.generated.ts'
import type { WeightOrder } from './convolution.ts'

/*
 * Weights of convolutions of codes as kernels/conv-codes.ts wants them: panels of 8 filters of one group, each 8 sums to begin with (i32), 8 factors
 * (float32), then for each tap and step the weights of the 8 filters, of each as many neighbouring channels as a lane of 4 bytes holds.
 */

/** Codes less their zero point. */
export type CodeWeights = Int8Array | Int16Array

/** What of a filter is multiplied, in this order, and how it is cut. */
export interface CodeTaps {
  /** Per tap the places of its weights within a filter, `inChannel` and `tap` strides included. */
  readonly taps: readonly (readonly number[])[]
  /** Neighbours of a step: 2 words, or 4 bytes. */
  readonly lanes: 2 | 4
}

export const stepsOf = ({ taps: [first = []], lanes }: CodeTaps): number => Math.ceil(first.length / lanes)

export interface CodeFilters {
  readonly weights: CodeWeights
  /** Where filters begin. */
  readonly order: Pick<WeightOrder, 'group' | 'outChannel'>
  readonly groups: number
  /** Per group. */
  readonly outChannels: number
  /** What the sum of a filter begins with. @param sum of its weights */
  readonly first: (filter: number, sum: number) => number
  /** What the sum of a filter is multiplied by. */
  readonly factor: (filter: number) => number
}

export const packedCodeBytes = ({ groups, outChannels }: Pick<CodeFilters, 'groups' | 'outChannels'>, taps: CodeTaps) =>
  groups * Math.ceil(outChannels / panelWidth) * (codePanelHead + 4 * panelWidth * taps.taps.length * stepsOf(taps))

/** @param packed zeros, `packedCodeBytes` long, at a multiple of 4 */
export function packCodes(packed: Uint8Array, filters: CodeFilters, cut: CodeTaps): void {
  const { groups, outChannels, order, first, factor } = filters
  const { buffer, byteOffset } = packed
  const panelBytes = packedCodeBytes({ groups: 1, outChannels: 1 }, cut)
  const places = Int32Array.from(cut.taps.flatMap((tap) => padded(tap, stepsOf(cut) * cut.lanes)))
  let panel = 0
  for (let g = 0; g < groups; g++)
    for (let o = 0; o < outChannels; o++) {
      const column = o % panelWidth
      if (o > 0 && column === 0) panel++
      const at = byteOffset + panelBytes * panel
      const filter = g * outChannels + o
      const from = g * order.group + o * order.outChannel
      const sum = packFilter(packed, at - byteOffset + codePanelHead, filters.weights, from, places, cut.lanes, column)
      new Int32Array(buffer, at, panelWidth)[column] = first(filter, sum)
      new Float32Array(buffer, at + codePanelHead / 2, panelWidth)[column] = factor(filter)
      if (o === outChannels - 1) panel++
    }
}

const padded = (places: readonly number[], length: number): readonly number[] =>
  Array.from({ length }, (_, i) => places[i] ?? -1)

/** One filter of a panel. (A function of its own: it is compiled before many are done.) @returns the sum of its weights */
function packFilter(
  packed: Uint8Array,
  to: number,
  weights: CodeWeights,
  from: number,
  places: Int32Array,
  lanes: 2 | 4,
  column: number,
): number {
  let sum = 0
  for (let k = 0; k < places.length; k++) {
    const place = places[k]!
    if (place < 0) continue
    const weight = weights[from + place]!
    sum += weight
    const lane = k % lanes
    const at = to + 4 * (panelWidth * ((k - lane) / lanes) + column) + (lane * 4) / lanes
    packed[at] = weight & 255
    if (lanes === 2) packed[at + 1] = (weight >> 8) & 255
  }
  return sum
}
