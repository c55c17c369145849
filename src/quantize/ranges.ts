import { KerfError } from '../base/index.ts'
import { adderScale } from './adder-codes.ts'
import type { InputRange } from './adder-layers.ts'
import type { Observer } from './observer.ts'

/*
 * The range that codes span, from what was seen. A wide one rounds coarsely, a narrow one cuts off; the fewer the bits, the more there is to win.
 */

/** How a range can be chosen. */
export const rangeMethods = ['minmax', 'mse', 'percentile', 'entropy'] as const
/**
 * minmax: all that was seen. percentile: all but 1 in 10,000 on either side. mse: the range whose codes are nearest to the inputs and to the
 * weights within it, in the mean square. entropy: the range whose codes lose the least information about how the inputs are spread
 * among those that cut off at most 1 in 100 (Kullback–Leibler divergence; Migacz, "8-bit Inference with TensorRT", GTC 2017).
 */
export type RangeMethod = (typeof rangeMethods)[number]

const outside = 1e-4
/** By `entropy`. */
const mostOutside = 0.01
/** Ranges that are tried: this part of all that was seen, on both sides. */
const parts = Array.from({ length: 120 }, (_, i) => 0.97 ** i)

/** What coding in a range does to a tensor that was observed. */
export interface CodingError {
  /** Root mean square of the change. */
  readonly rms: number
  /** The same by the root mean square of the values. */
  readonly relative: number
  /** Part of the values outside the range. */
  readonly saturated: number
}

/** @throws KerfError as `adderScale` */
export function codingError(observer: Observer, { lo, hi }: InputRange, bits: number): CodingError {
  const { scale, zeroPoint, most } = adderScale(bits, lo, hi)
  const [least, greatest] = [-zeroPoint * scale, (most - zeroPoint) * scale]
  let squares = 0
  let saturated = 0
  observer.forEach((value, count) => {
    const code = Math.min(most, Math.max(0, Math.round(value / scale) + zeroPoint))
    const error = value - scale * (code - zeroPoint)
    squares += count * error * error
    if (value < least - scale / 2 || value > greatest + scale / 2) saturated += count
  })
  return {
    rms: Math.sqrt(squares / observer.count),
    relative: Math.sqrt(squares / observer.squares),
    saturated: saturated / observer.count,
  }
}

/**
 * Chooses a range.
 * @param weights of the layers that read the tensor: they share its codes; those outside the range cost nothing
 * @throws KerfError `constant-data` where all values were the same, `not-finite` where some were no numbers
 */
export function chooseRange(
  observer: Observer,
  weights: readonly ArrayLike<number>[],
  bits: number,
  method: RangeMethod,
): InputRange {
  const { min: lo, max: hi } = observer
  if (!Number.isFinite(lo) || !Number.isFinite(hi))
    throw new KerfError('not-finite', `holds ${Number.isFinite(lo) ? hi : lo}`, { lo, hi })
  if (!(hi > lo)) throw new KerfError('constant-data', `is ${lo} everywhere`, { lo, hi })
  if (method === 'minmax') return { lo, hi }
  if (method === 'percentile') return { lo: observer.quantile(outside), hi: observer.quantile(1 - outside) }
  const ofWeights = (range: InputRange) =>
    weights.reduce((sum, w) => sum + weightError(w, range, bits), 0) / Math.max(1, weights.length)
  const costOf = (range: InputRange) =>
    method === 'entropy'
      ? divergence(observer, range, bits)
      : codingError(observer, range, bits).rms ** 2 + ofWeights(range)
  let best: InputRange = { lo, hi }
  let least = Number.POSITIVE_INFINITY
  for (const part of parts) {
    const range = { lo: part * Math.min(lo, 0), hi: part * Math.max(hi, 0) }
    const cost = costOf(range)
    if (cost < least) {
      least = cost
      best = range
    }
  }
  return best
}

/**
 * Kullback–Leibler divergence of two histograms over the bins of a range: that of the values, what lies outside counted in the outermost bins; and that of
 * their codes, the values of each code spread evenly over its bins, without what lies outside. Zeros, which are exact, are left out.
 */
function divergence(observer: Observer, { lo, hi }: InputRange, bits: number): number {
  const { scale, zeroPoint, most } = adderScale(bits, lo, hi)
  const inside: { readonly code: number; readonly count: number }[] = []
  const [sums, bins] = [new Float64Array(most + 1), new Float64Array(most + 1)]
  let [below, above] = [0, 0]
  // From the least to the greatest.
  observer.forEach((value, count) => {
    const code = Math.round(value / scale) + zeroPoint
    if (code < 0) below += count
    else if (code > most) above += count
    else {
      inside.push({ code, count })
      sums[code] = sums[code]! + count
      bins[code] = bins[code]! + 1
    }
  })
  const kept = sums.reduce((a, b) => a + b, 0)
  const all = below + kept + above
  // A few bins can be alike in both whatever they say of the rest.
  if (kept < (1 - mostOutside) * all) return Number.POSITIVE_INFINITY
  return inside.reduce((sum, { code, count }, i) => {
    const outside = (i === 0 ? below : 0) + (i === inside.length - 1 ? above : 0)
    const p = (count + outside) / all
    return sum + p * Math.log((p * bins[code]! * kept) / sums[code]!)
  }, 0)
}

/** Mean square of what rounding changes in weights that were clamped to the range. */
function weightError(weights: ArrayLike<number>, { lo, hi }: InputRange, bits: number): number {
  const { scale, zeroPoint, most } = adderScale(bits, lo, hi)
  const [least, greatest] = [-zeroPoint * scale, (most - zeroPoint) * scale]
  let squares = 0
  for (let i = 0; i < weights.length; i++) {
    const w = Math.min(greatest, Math.max(least, weights[i]!))
    squares += (w - scale * Math.round(w / scale)) ** 2
  }
  return squares / Math.max(1, weights.length)
}
