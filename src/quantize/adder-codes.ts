import { KerfError } from '../base/index.ts'
import { clampAdderWeights } from '../ops/index.ts'

/*
 * Codes of adder convolutions. Input and weights share one scale and zero point, so that Σ|x − w| = scale·Σ|xq − wq|, exactly.
 *
 * Weights are far wider than activations, and would set the scale. They need not: what lies outside the inputs' range is a constant of the
 * filter (ops/adderConv/clamp.ts). Padding is x = 0, which lies in the range.
 */

/** Numbers as unsigned codes: x ≈ scale·(code − zeroPoint), codes 0 to `most`; 0 is exactly a code. */
export interface AdderScale {
  /** What one step of a code stands for. */
  readonly scale: number
  /** The code of 0. */
  readonly zeroPoint: number
  /** 2^bits − 1. */
  readonly most: number
}

/**
 * Codes for inputs in [lo, hi], as seen in calibration; the range is widened to hold 0.
 * @param bits 1 to 8
 * @throws KerfError `bad-argument` for other bits, and when the range is empty or not finite
 */
export function adderScale(bits: number, lo: number, hi: number): AdderScale {
  if (!Number.isInteger(bits) || bits < 1 || bits > 8)
    throw new KerfError('bad-argument', `Codes have 1 to 8 bits, not ${bits}.`, { bits })
  const most = 2 ** bits - 1
  const low = Math.min(lo, 0)
  const high = Math.max(hi, 0)
  const scale = Math.fround((high - low) / most)
  if (!(scale > 0 && Number.isFinite(scale)))
    throw new KerfError('bad-argument', `The range [${lo}, ${hi}] cannot be coded. Calibrate with other data.`, {
      lo,
      hi,
    })
  return { scale, zeroPoint: Math.min(most, Math.max(0, Math.round((-low * most) / (high - low)))), most }
}

/** Weights as codes that share scale and zero point with the input: w ≈ scale·(code − zeroPoint), apart from what was clamped. */
export interface AdderCodes {
  /** In the order of the weights. */
  readonly codes: Uint8Array
  readonly filterConstant: Float64Array
  readonly clamped: number
  /** Root of the mean square of what rounding changed, in the weights' unit. */
  readonly roundingError: number
}

/**
 * Clamps weights to what the input's codes can say, without loss, and rounds them to codes.
 * @param weights [filters, channels per group, kernel…]
 * @param filters number of filters: the weights' first dimension
 */
export function adderCodes(weights: Float32Array, filters: number, { scale, zeroPoint, most }: AdderScale): AdderCodes {
  const inside = clampAdderWeights(weights, filters, -zeroPoint * scale, (most - zeroPoint) * scale)
  const codes = Uint8Array.from(inside.weights, (w) => Math.min(most, Math.max(0, Math.round(w / scale) + zeroPoint)))
  const squares = inside.weights.reduce((sum, w, k) => sum + (w - scale * (codes[k]! - zeroPoint)) ** 2, 0)
  const { filterConstant, clamped } = inside
  return { codes, filterConstant, clamped, roundingError: Math.sqrt(squares / Math.max(1, weights.length)) }
}
