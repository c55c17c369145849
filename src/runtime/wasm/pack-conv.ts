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

/** Output channels that lie side by side. */
export const panelWidth = 8

export const packedFloats = (groups: number, outChannels: number, inChannels: number, taps: number): number =>
  groups * Math.ceil(outChannels / panelWidth) * panelWidth * (1 + taps * inChannels)

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
      for (const tap of taps) {
        const from = g * order.group + first * order.outChannel + tap * order.tap
        for (let c = 0; c < inChannels; c++) {
          let source = from + c * order.inChannel
          for (let o = 0; o < columns; o++) {
            packed[at + o] = (weights[source] as number) * (factors[o] as number)
            source += order.outChannel
          }
          at += panelWidth
        }
      }
    }
}
