/*
 * Weights of adder convolutions as the kernels want them (kernels/adder-f32.ts, adder-u8.ts, adder-depthwise.ts): panels of 8 filters of one
 * group, the last of a group filled up with zeros; the reduction runs over [kernelHeight, kernelWidth, channels].
 */

/** Filters of a panel. */
export const panelWidth = 8
/** Taps of one part of a float reduction: kernels/adder-f32.ts. */
export const floatPart = 256

/** Weights as ONNX has them: [outChannels, channels, taps], `channels` and filters per group. */
export interface FilterSizes {
  readonly groups: number
  /** Per group. */
  readonly outChannels: number
  /** Per group. */
  readonly channels: number
  /** kernelHeight · kernelWidth. */
  readonly taps: number
}

export const panelsOf = ({ groups, outChannels }: FilterSizes): number => groups * Math.ceil(outChannels / panelWidth)

/** Calls `visit` with every filter's place: its panel, its column in the panel, its number among all filters. */
export function eachFilter(
  { groups, outChannels }: FilterSizes,
  visit: (panel: number, column: number, filter: number) => void,
): void {
  const perGroup = Math.ceil(outChannels / panelWidth)
  for (let g = 0; g < groups; g++)
    for (let o = 0; o < outChannels; o++)
      visit(g * perGroup + Math.floor(o / panelWidth), o % panelWidth, g * outChannels + o)
}

/**
 * Float panels: for each part of the reduction 8 times −½Σw', then its weights w' = w + shift, 8 side by side.
 * @param shift max(0, −min w), so that no w' is negative
 */
export function packAdderFloats(weights: Float32Array, sizes: FilterSizes, shift: number): Float32Array {
  const { channels, taps } = sizes
  const length = channels * taps
  const parts = Math.ceil(length / floatPart)
  const packed = new Float32Array(panelsOf(sizes) * panelWidth * (length + parts))
  eachFilter(sizes, (panel, column, filter) => {
    let at = panel * panelWidth * (length + parts) + column
    for (let start = 0; start < length; start += floatPart) {
      const head = at
      let sum = 0
      for (let k = start; k < Math.min(start + floatPart, length); k++) {
        const weight = weights[(filter * channels + (k % channels)) * taps + Math.floor(k / channels)] as number
        at += panelWidth
        packed[at] = weight + shift
        sum += packed[at] as number
      }
      packed[head] = -sum / 2
      at += panelWidth
    }
  })
  return packed
}

/** Bytes of a row of the reduction: filled up so that whole vectors and whole turns of `terms` terms fit. */
export const rowBytesFor = (length: number, terms: number): number => {
  const unit = Math.max(16, 4 * terms)
  return unit * Math.ceil(length / unit)
}

/** Byte panels: 4 taps of filter 0, of filter 1 … 7, then the next 4 taps; zeros behind the reduction. */
export function packAdderBytes(weights: Uint8Array, sizes: FilterSizes, rowBytes: number): Uint8Array {
  const { channels, taps } = sizes
  const packed = new Uint8Array(panelsOf(sizes) * panelWidth * rowBytes)
  eachFilter(sizes, (panel, column, filter) => {
    const at = panel * panelWidth * rowBytes + 4 * column
    for (let k = 0; k < channels * taps; k++)
      packed[at + (k >> 2) * 4 * panelWidth + (k & 3)] = weights[
        (filter * channels + (k % channels)) * taps + Math.floor(k / channels)
      ] as number
  })
  return packed
}

/**
 * How many terms w ∸ x ≤ w the kernel may add up in a byte: the largest of 8, 4, 2 and 1 for which no sum of neighbouring weights exceeds 255.
 * Codes of b bits always allow 2^(8−b); weights with many small codes allow more.
 * @param weights [filters, channels, taps]
 */
export function termsPerByte(weights: Uint8Array, { groups, outChannels, channels, taps }: FilterSizes): 1 | 2 | 4 | 8 {
  const length = channels * taps
  const fits = (terms: number): boolean => {
    const sums = new Uint16Array(4 * Math.ceil(length / (4 * terms)))
    for (let filter = 0; filter < groups * outChannels; filter++) {
      sums.fill(0)
      for (let k = 0; k < length; k++) {
        const at = 4 * Math.floor(k / (4 * terms)) + (k & 3)
        sums[at] =
          (sums[at] as number) +
          (weights[(filter * channels + (k % channels)) * taps + Math.floor(k / channels)] as number)
        if ((sums[at] as number) > 255) return false
      }
    }
    return true
  }
  return fits(8) ? 8 : fits(4) ? 4 : fits(2) ? 2 : 1
}
