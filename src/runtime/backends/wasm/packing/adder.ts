import { panelWidth } from '../engine/kernels.generated.ts'

/*
 * Weights of adder convolutions as the kernels want them (kernels/adder-f32.ts, adder-u8.ts, adder-depthwise.ts): panels of 8 filters of one
 * group, the last of a group filled up with zeros; the reduction runs over [kernelHeight, kernelWidth, channels], filled up with zeros as the
 * kernels cut it (adder-cut.ts).
 */

/** How a reduction is cut: `runs` times `run` taps. */
export interface Reduction {
  /** Channels of a tap, those that only fill up included. */
  readonly tapChannels: number
  readonly run: number
  readonly runs: number
  /** Runs of a part of a sum of floats. */
  readonly partRuns: number
  /** Taps after which the next begin with a run of their own; undefined for all. */
  readonly lineTaps?: number
}

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

/** Calls `visit` with every weight of a filter and its place in the reduction. */
function eachWeight(
  filter: number,
  { channels, taps }: FilterSizes,
  tapChannels: number,
  visit: (place: number, weight: number) => void,
): void {
  for (let t = 0; t < taps; t++)
    for (let c = 0; c < channels; c++) visit(t * tapChannels + c, (filter * channels + c) * taps + t)
}

/**
 * Float panels: for each part of the reduction 8 times −½Σw', then its weights w' = w + shift, 8 side by side.
 * @param shift max(0, −min w), so that no w' is negative
 */
export function packAdderFloats(
  weights: Float32Array,
  sizes: FilterSizes,
  { tapChannels, run, runs, partRuns }: Reduction,
  shift: number,
): Float32Array {
  const part = run * partRuns
  const parts = Math.ceil(runs / partRuns)
  const panelFloats = panelWidth * (run * runs + parts)
  const packed = new Float32Array(panelsOf(sizes) * panelFloats)
  const sums = new Float64Array(parts)
  eachFilter(sizes, (panel, column, filter) => {
    const at = panel * panelFloats + column
    sums.fill(0)
    eachWeight(filter, sizes, tapChannels, (place, from) => {
      const p = Math.floor(place / part)
      const to = at + panelWidth * (place + p + 1)
      packed[to] = weights[from]! + shift
      sums[p] = sums[p]! + (packed[to] as number)
    })
    sums.forEach((sum, p) => {
      packed[at + panelWidth * p * (part + 1)] = -sum / 2
    })
  })
  return packed
}

/**
 * Byte panels: 4 taps of filter 0, of filter 1 … 7, then the next 4 taps.
 * @param together for kernels in machine code 8 taps instead of 4
 * @param filler what fills up panels and runs
 */
export function packAdderBytes(
  weights: Uint8Array,
  sizes: FilterSizes,
  { tapChannels, run, runs, lineTaps = run * runs }: Reduction,
  together: 4 | 8 = 4,
  filler: 0 | 255 = 0,
): Uint8Array {
  const panelBytes = panelWidth * together * Math.ceil((run * runs) / together)
  const line = run * Math.ceil(lineTaps / run)
  const packed = new Uint8Array(panelsOf(sizes) * panelBytes).fill(filler)
  eachFilter(sizes, (panel, column, filter) => {
    const at = panel * panelBytes + together * column
    eachWeight(filter, sizes, tapChannels, (place, from) => {
      const k = line * Math.floor(place / lineTaps) + (place % lineTaps)
      packed[at + together * panelWidth * Math.floor(k / together) + (k % together)] = weights[from]!
    })
  })
  return packed
}

/**
 * How many terms w ∸ x ≤ w the kernel may add up in a byte: 4 of a run, 2 or 1, so that no sum of weights exceeds 255. Codes of b bits always allow
 * 2^(8−b); weights with many small codes allow more.
 * @param packed byte panels
 * @param run taps of a run
 */
export function termsPerByte(packed: Uint8Array, run: number): 1 | 2 | 4 {
  const step = 4 * panelWidth
  const runBytes = panelWidth * run
  const fits = (terms: number): boolean => {
    for (let at = 0; at < packed.length; at += runBytes)
      for (let group = at; group < at + runBytes; group += terms * step)
        for (let lane = group; lane < group + step; lane++) {
          let sum = 0
          for (let k = lane; k < Math.min(group + terms * step, at + runBytes); k += step) sum += packed[k]!
          if (sum > 255) return false
        }
    return true
  }
  return fits(4) ? 4 : fits(2) ? 2 : 1
}
