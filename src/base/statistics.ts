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

/** Mean and sample deviation (divided by n − 1; 0 of one value) of some measurements. */
export interface Spread {
  /** Of all. */
  readonly mean: number
  /** In the unit of the values. */
  readonly deviation: number
  /** How many there are. */
  readonly count: number
}

/** Mean and sample deviation of `values`; NaN of none. */
export function spreadOf(values: readonly number[]): Spread {
  const { mean, variance, count } = momentsOf(values)
  return {
    mean: count > 0 ? mean : Number.NaN,
    deviation: count > 1 ? Math.sqrt((variance * count) / (count - 1)) : 0,
    count,
  }
}
