/**
 * The `count`-th smallest value, and how many that are equal to it still belong, so that exactly `count` are taken: all below the threshold, and the first
 * `ties` that are equal to it.
 * @param values no NaN
 * @param count from 0 to as many as there are
 */
export function smallest(values: Float64Array, count: number): { readonly threshold: number; readonly ties: number } {
  if (count === 0) return { threshold: Number.NEGATIVE_INFINITY, ties: 0 }
  const sorted = values.slice().sort()
  const threshold = sorted[count - 1]!
  let below = 0
  while (sorted[below]! < threshold) below++
  return { threshold, ties: count - below }
}
