import type { ChannelGroup } from '../groups.ts'

/*
 * What a criterion keeps. Scores of different groups are made comparable by shares: the channels of a group have 1 together, whatever their number and their
 * scale. (The mean in place of the sum would make a layer of 512 channels worth eight times one of 64, and the wide layers at the end of a network would win every
 * budget.) Negative scores are moved up until the lowest is 0.
 *
 * A network keeps the geometric mean of what its groups keep: layers lie behind each other, and what one of them loses the others do not give back. A sum would
 * rather cut one group to the bone and leave all others whole, since that saves as much; and what is near the end of its channels would cost no more than any other.
 */

/** Of each channel of a group its share; they sum up to 1. */
export function sharesOf(scores: ArrayLike<number>): Float64Array {
  const own = Float64Array.from(scores)
  const lowest = Math.min(
    0,
    own.reduce((a, b) => Math.min(a, b), 0),
  )
  const raised = own.map((s) => s - lowest)
  const sum = raised.reduce((a, b) => a + b, 0)
  return sum > 0 ? raised.map((s) => s / sum) : raised.fill(1 / own.length)
}

/** What the best channels of a group are worth, at each width that it can have. */
export interface Widths {
  /** Ascending; the last is all of them. */
  readonly widths: readonly number[]
  /** At each width the logarithm of the share that is kept: ascending, the last is 0. */
  readonly values: readonly number[]
}

/** The geometric mean of what groups keep, from the sum of their logarithms. */
export const keptFrom = (sum: number, groups: number): number => Math.exp(Math.min(0, sum) / groups)

/**
 * @param fewest channels that stay at least
 * @param step widths are multiples of it, or all channels
 */
export function widthsOf(
  { classes, balancing }: ChannelGroup,
  scores: ArrayLike<number>,
  fewest: number,
  step: number,
): Widths {
  const all = classes.length
  const sums = balancing.sums(sharesOf(scores))
  const widths: number[] = []
  for (let width = Math.max(step, Math.ceil(fewest / step) * step); width < all; width += step) widths.push(width)
  widths.push(all)
  return { widths, values: widths.map((width) => Math.log(Math.min(1, sums[width / balancing.unit]!))) }
}
