/** Euclidean norm. */
export function norm(values: ArrayLike<number>): number {
  let squares = 0
  for (let i = 0; i < values.length; i++) squares += values[i]! ** 2
  return Math.sqrt(squares)
}

/** Root of the mean square. */
export const rootMeanSquare = (values: ArrayLike<number>): number => norm(values) / Math.sqrt(values.length)

/** The standard normal distribution's Φ, to 1.5e-7 (Abramowitz and Stegun, 7.1.26). */
export function normalCdf(z: number): number {
  const t = 1 / (1 + (0.3275911 * Math.abs(z)) / Math.SQRT2)
  const series = [0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429]
  const tail = series.reduceRight((sum, c) => (sum + c) * t, 0) * Math.exp((-z * z) / 2)
  return z < 0 ? tail / 2 : 1 - tail / 2
}

/** Mean of |d + σZ|, Z standard normal: that of the folded normal distribution. */
export function foldedMean(d: number, sigma: number): number {
  if (sigma === 0) return Math.abs(d)
  const z = d / sigma
  return sigma * Math.sqrt(2 / Math.PI) * Math.exp((-z * z) / 2) + d * (1 - 2 * normalCdf(-z))
}
