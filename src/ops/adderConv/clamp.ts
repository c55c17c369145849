/*
 * Weights far outside the inputs' range are no use to an adder convolution, and cost precision. For every x in [lo, hi]
 *
 *   |x − w| = |x − clamp(w)| + |w − clamp(w)|,   clamp to [lo, hi]
 *
 * and the second part is a constant of the filter.
 */

/** Weights of which nothing lies outside the inputs' range, and what that took away. */
export interface ClampedWeights {
  readonly weights: Float32Array
  /** Per filter Σ|w − clamp(w)|: to be subtracted from the layer's result, −Σ|x − w|. */
  readonly filterConstant: Float64Array
  /** How many weights lay outside. */
  readonly clamped: number
}

/**
 * Clamps weights to the inputs' range, without loss for every input in it.
 * @param weights [filters, channels per group, kernel…]
 * @param filters number of filters: the weights' first dimension
 * @param lo at most 0, where the layer pads
 * @param hi at least 0, where the layer pads
 */
export function clampAdderWeights(weights: Float32Array, filters: number, lo: number, hi: number): ClampedWeights {
  const length = weights.length / filters
  const clampedWeights = weights.map((w) => Math.min(Math.max(w, lo), hi))
  const filterConstant = new Float64Array(filters)
  let clamped = 0
  for (let f = 0; f < filters; f++) {
    let rest = 0
    for (let k = f * length; k < (f + 1) * length; k++) {
      const distance = Math.abs(weights[k]! - clampedWeights[k]!)
      rest += distance
      if (distance > 0) clamped++
    }
    filterConstant[f] = rest
  }
  return { weights: clampedWeights, filterConstant, clamped }
}
