/*
 * Which sums of known quantities give measured times: weights wⱼ ≥ 0 for which
 *
 *     Σᵢ (Σⱼ wⱼ xᵢⱼ ÷ yᵢ − 1)²
 *
 * is least. Errors are parts of a time, so that small layers count as much as large ones; weights are prices, of which none is below 0.
 */

/** Rounds after which weights of a few quantities change no more. */
const mostRounds = 20_000

/**
 * Those weights, by coordinate descent: the sum is convex, and has one minimum.
 * @param x rows of quantities
 * @param y what the sums should be, all above 0
 */
export function pricesOf(x: readonly (readonly number[])[], y: readonly number[]): number[] {
  const width = x[0]?.length ?? 0
  const columns = Array.from({ length: width }, (_, j) => x.map((row, i) => row[j]! / y[i]!))
  // Columns of length 1, so that none is slow to settle.
  const lengths = columns.map((c) => Math.sqrt(c.reduce((sum, v) => sum + v * v, 0)) || 1)
  const scaled = columns.map((c, j) => c.map((v) => v / lengths[j]!))
  const weights = new Array<number>(width).fill(0)
  const rest = new Array<number>(y.length).fill(1)
  for (let round = 0; round < mostRounds; round++) {
    let changed = 0
    scaled.forEach((column, j) => {
      const slope = column.reduce((sum, v, i) => sum + v * rest[i]!, 0)
      const next = Math.max(0, weights[j]! + slope)
      const step = next - weights[j]!
      weights[j] = next
      column.forEach((v, i) => {
        rest[i]! -= step * v
      })
      changed = Math.max(changed, Math.abs(step))
    })
    if (changed < 1e-12) break
  }
  return weights.map((w, j) => w / lengths[j]!)
}

/** A sum of quantities by their prices. */
export const pricedAt = (quantities: readonly number[], prices: readonly number[]): number =>
  quantities.reduce((sum, q, j) => sum + q * prices[j]!, 0)

/** By which factor predictions are off, up or down: the geometric mean, 1 where all are right. */
export function factorOff(predicted: readonly number[], measured: readonly number[]): number {
  const logarithms = predicted.map((p, i) => Math.abs(Math.log(p / measured[i]!)))
  return Math.exp(logarithms.reduce((sum, v) => sum + v, 0) / logarithms.length)
}
