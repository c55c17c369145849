import { KerfError } from '../base/index.ts'
import { adderScale } from './adder-codes.ts'
import type { InputRange } from './adder-layers.ts'
import type { Observer } from './observer.ts'

/*
 * The range that codes span, from what was seen. A wide one rounds coarsely, a narrow one cuts off; the fewer the bits, the more there is to win.
 */

/** How a range can be chosen. */
export const rangeMethods = ['minmax', 'mse', 'percentile'] as const
/**
 * minmax: all that was seen. percentile: all but 1 in 10,000 on either side. mse: the range whose codes are nearest to the inputs and to the
 * weights within it, in the mean square.
 */
export type RangeMethod = (typeof rangeMethods)[number]

const outside = 1e-4
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
  let best: InputRange = { lo, hi }
  let least = Number.POSITIVE_INFINITY
  for (const part of parts) {
    const range = { lo: part * Math.min(lo, 0), hi: part * Math.max(hi, 0) }
    const ofWeights = weights.reduce((sum, w) => sum + weightError(w, range, bits), 0) / Math.max(1, weights.length)
    const cost = codingError(observer, range, bits).rms ** 2 + ofWeights
    if (cost < least) {
      least = cost
      best = range
    }
  }
  return best
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
