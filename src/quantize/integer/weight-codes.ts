/*
 * Weights as whole numbers with sign around 0: w ≈ scale·code, a scale for each output channel. Codes reach from −(2^(bits − 1) − 1) to 2^(bits − 1) − 1, so that
 * −w is a code where w is one.
 */

/** Codes of a layer's weights. */
export interface WeightCodes {
  /** In the order of the weights. */
  readonly codes: Int8Array
  /** One for each output channel, or one. */
  readonly scales: Float32Array
  /** Root mean square of what rounding and clamping changed, by that of the weights. */
  readonly error: number
}

/** Parts of the largest weight that are tried as the largest code. */
const parts = Array.from({ length: 40 }, (_, i) => 1 - i / 50)

/**
 * @param shape of the weights
 * @param axis of the output channels; undefined: one scale for all
 * @param bits of the codes: 2 to 8
 * @param nearest scales are those whose codes are nearest in the mean square; otherwise the largest weight is the largest code
 * @param least for each channel the smallest scale that its bias allows
 */
export function weightCodes(
  weights: ArrayLike<number>,
  shape: readonly number[],
  axis: number | undefined,
  bits: number,
  nearest: boolean,
  least: (channel: number) => number,
): WeightCodes {
  const limit = 2 ** (bits - 1) - 1
  const inner = axis === undefined ? 1 : shape.slice(axis + 1).reduce((a, b) => a * b, 1)
  const channels = axis === undefined ? 1 : shape[axis]!
  const channelOf = axis === undefined ? () => 0 : (i: number) => Math.floor(i / inner) % channels
  const largest = new Float64Array(channels)
  for (let i = 0; i < weights.length; i++) {
    const c = channelOf(i)
    largest[c] = Math.max(largest[c]!, Math.abs(weights[i]!))
  }
  const scaleOf = (part: number, c: number) => Math.fround(Math.max((part * largest[c]!) / limit, least(c))) || 1
  let scales = Float32Array.from(largest, (_, c) => scaleOf(1, c))
  let errors = squaredErrors(weights, scales, channelOf, limit)
  if (nearest)
    for (const part of parts.slice(1)) {
      const tried = Float32Array.from(largest, (_, c) => scaleOf(part, c))
      const found = squaredErrors(weights, tried, channelOf, limit)
      scales = scales.map((scale, c) => (found[c]! < errors[c]! ? tried[c]! : scale))
      errors = errors.map((error, c) => Math.min(error, found[c]!))
    }
  const codes = new Int8Array(weights.length)
  let squares = 0
  for (let i = 0; i < codes.length; i++) {
    codes[i] = codeOf(weights[i]! / scales[channelOf(i)]!, limit)
    squares += weights[i]! ** 2
  }
  const error = errors.reduce((sum, e) => sum + e, 0)
  return { codes, scales, error: error === 0 ? 0 : Math.sqrt(error / squares) }
}

const codeOf = (steps: number, limit: number) => Math.max(-limit, Math.min(limit, Math.round(steps)))

/** Σ (w − scale·code)² of each channel. */
function squaredErrors(
  weights: ArrayLike<number>,
  scales: Float32Array,
  channelOf: (i: number) => number,
  limit: number,
): Float64Array {
  const errors = new Float64Array(scales.length)
  for (let i = 0; i < weights.length; i++) {
    const c = channelOf(i)
    const scale = scales[c]!
    errors[c] = errors[c]! + (weights[i]! - scale * codeOf(weights[i]! / scale, limit)) ** 2
  }
  return errors
}
