/** Mean and variance (divided by n), in one pass (Welford, Technometrics 1962). */
export class Moments {
  count = 0
  mean = 0
  #squares = 0

  add(value: number): void {
    this.count++
    const before = value - this.mean
    this.mean += before / this.count
    this.#squares += before * (value - this.mean)
  }

  get variance(): number {
    return this.count > 0 ? this.#squares / this.count : Number.NaN
  }
}

export function momentsOf(values: Iterable<number>): Moments {
  const moments = new Moments()
  for (const v of values) moments.add(v)
  return moments
}

/** Euclidean norm. */
export function norm(values: ArrayLike<number>): number {
  let squares = 0
  for (let i = 0; i < values.length; i++) squares += values[i]! ** 2
  return Math.sqrt(squares)
}

/** Root of the mean square. */
export const rootMeanSquare = (values: ArrayLike<number>): number => norm(values) / Math.sqrt(values.length)

/** Ranks from 1; equal values share the mean of theirs. */
export function ranks(values: ArrayLike<number>): Float64Array {
  const order = Array.from(values, (_, i) => i).sort((a, b) => values[a]! - values[b]!)
  const result = new Float64Array(order.length)
  for (let start = 0; start < order.length; ) {
    let end = start + 1
    while (end < order.length && values[order[end]!] === values[order[start]!]) end++
    for (let i = start; i < end; i++) result[order[i]!] = (start + 1 + end) / 2
    start = end
  }
  return result
}

/** Pearson's coefficient; NaN where one side is constant. */
export function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [ma, mb] = [momentsOf(Array.from(a)), momentsOf(Array.from(b))]
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i]! - ma.mean) * (b[i]! - mb.mean)
  return sum / a.length / Math.sqrt(ma.variance * mb.variance)
}

/** Spearman's coefficient: 1 where one side orders as the other does. */
export const rankCorrelation = (a: ArrayLike<number>, b: ArrayLike<number>): number => correlation(ranks(a), ranks(b))

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
