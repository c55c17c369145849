import { Moments } from '../base/index.ts'
import { foldedMean } from './statistics.ts'

/*
 * The variance of an adder layer's output whose weights are drawn, over filters and places, for inputs as they are.
 *
 *   Y = −Σ_t |x_t − w_t|,  w_t ~ N(μ, σ²), independent
 *
 * Given a patch, taps are independent, and |x − w| is a folded normal number with
 *
 *   m(x) = E|x − w| = σ √(2/π) e^(−z²/2) + (x − μ)(1 − 2Φ(−z)),  z = (x − μ)/σ
 *   v(x) = Var|x − w| = (x − μ)² + σ² − m(x)²
 *
 * so that by the law of total variance, with the first expectation and the variance over patches,
 *
 *   Var Y = E Σ_t v(x_t) + Var Σ_t m(x_t)
 *
 * The last variance holds the covariances between taps. Without them (independent taps) it would be Σ_t Var m(x_t); for x normal with mean 0
 * what remains is then (1 − 2/π) k²C (Var X + Var W).
 */

/** Square images and kernels. */
export interface LayerInput {
  /** [count, channels, size, size]. */
  readonly values: ArrayLike<number>
  readonly channels: number
  readonly size: number
  readonly kernel: number
  readonly stride: number
  readonly padding: number
}

export interface VarianceParts {
  /** E Σ v: what drawing the weights adds. */
  readonly weights: number
  /** Var Σ m: how far patches differ. */
  readonly patches: number
  /** The same if taps were independent of each other. */
  readonly independentPatches: number
}

/** @param weightMean μ @param weightDeviation σ */
export function layerVariance(
  { values, channels, size, kernel, stride, padding }: LayerInput,
  weightMean: number,
  weightDeviation: number,
): VarianceParts {
  const variance = weightDeviation ** 2
  const plane = size * size
  const count = values.length / (channels * plane)
  const out = Math.floor((size + 2 * padding - kernel) / stride) + 1
  const taps = channels * kernel * kernel
  const single = new Moments()
  const patches = new Moments()
  let weights = 0
  // Sums over the channels of m and v at every pixel; around the image x is 0.
  const [m, v] = [new Float64Array(plane), new Float64Array(plane)]
  const outside = foldedMean(-weightMean, weightDeviation)
  const [edgeM, edgeV] = [channels * outside, channels * (weightMean ** 2 + variance - outside ** 2)]
  for (let n = 0; n < count; n++) {
    m.fill(0)
    v.fill(0)
    for (let i = 0; i < channels * plane; i++) {
      const d = values[n * channels * plane + i]! - weightMean
      const mean = foldedMean(d, weightDeviation)
      single.add(mean)
      const pixel = i % plane
      m[pixel] = m[pixel]! + mean
      v[pixel] = v[pixel]! + d * d + variance - mean * mean
    }
    for (let row = 0; row < out; row++)
      for (let column = 0; column < out; column++) {
        let [sumM, sumV] = [0, 0]
        for (let i = 0; i < kernel; i++)
          for (let j = 0; j < kernel; j++) {
            const [y, x] = [row * stride + i - padding, column * stride + j - padding]
            const inside = y >= 0 && x >= 0 && y < size && x < size
            sumM += inside ? m[y * size + x]! : edgeM
            sumV += inside ? v[y * size + x]! : edgeV
          }
        patches.add(sumM)
        weights += (sumV - weights) / patches.count
      }
  }
  return { weights, patches: patches.variance, independentPatches: taps * single.variance }
}
