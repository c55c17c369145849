import type { Criterion } from './criterion.ts'
import { makersOf } from './planes.ts'

/**
 * How many singular values of a matrix [rows, columns] are above max(rows, columns)·2⁻²³ of the largest: the rank of numbers that are float32. By Cholesky's
 * decomposition of its Gram matrix with the largest pivot first, which ends where nothing is left.
 */
export function rankOf(data: ArrayLike<number>, rows: number, columns: number): number {
  const n = Math.min(rows, columns)
  const inner = Math.max(rows, columns)
  const [step, along] = rows <= columns ? [columns, 1] : [1, columns]
  const gram = new Float64Array(n * n)
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      let sum = 0
      for (let k = 0, a = i * step, b = j * step; k < inner; k++, a += along, b += along) sum += data[a]! * data[b]!
      gram[i * n + j] = sum
      gram[j * n + i] = sum
    }
  const tolerance = (inner * 2 ** -23) ** 2 * largestEigenvalue(gram, n)
  const left = Array.from({ length: n }, (_, i) => i)
  for (let rank = 0; rank < n; rank++) {
    let at = rank
    for (let i = rank; i < n; i++) if (gram[left[i]! * (n + 1)]! > gram[left[at]! * (n + 1)]!) at = i
    const pivot = left[at]!
    const value = gram[pivot * (n + 1)]!
    if (!(value > tolerance)) return rank
    left[at] = left[rank]!
    left[rank] = pivot
    for (let i = rank + 1; i < n; i++) {
      const row = left[i]! * n
      const factor = gram[row + pivot]! / value
      if (factor !== 0)
        for (let j = rank + 1; j < n; j++)
          gram[row + left[j]!] = gram[row + left[j]!]! - factor * gram[pivot * n + left[j]!]!
    }
  }
  return n
}

/** To some digits, by multiplying again and again. */
function largestEigenvalue(gram: Float64Array, n: number): number {
  let vector = new Float64Array(n).fill(1)
  let value = 0
  for (let round = 0; round < 8; round++) {
    const next = new Float64Array(n)
    for (let i = 0; i < n; i++) {
      let sum = 0
      for (let j = 0; j < n; j++) sum += gram[i * n + j]! * vector[j]!
      next[i] = sum
    }
    value = Math.hypot(...next) / (Math.hypot(...vector) || 1)
    vector = next.map((v) => v / (value || 1))
  }
  return value
}

/** How many independent rows the plane of a channel has, on average. A channel of one number has rank 1, or 0 where that is 0. */
export const hrank: Criterion = {
  name: 'hrank',
  formula: '\\operatorname{mean}_n \\operatorname{rank} a_c[n]',
  source: 'Lin et al., HRank: Filter Pruning using High-Rank Feature Map, CVPR 2020',
  needs: 'images',
  async score(context) {
    const layers = makersOf(context)
    const ranks = new Map(layers.map((layer) => [layer, new Float64Array(layer.channels)]))
    for await (const batch of context.batches(layers, { what: ['activations'] }))
      for (const [layer, sum] of ranks) {
        const { data, images, channels, plane } = batch.activations(layer)
        const area = plane.reduce((product, d) => product * d, 1)
        const rows = plane[0] ?? 1
        for (let i = 0; i < images * channels; i++) {
          if (i % 64 === 0) await context.turn()
          const c = i % channels
          sum[c] = sum[c]! + rankOf(data.subarray(i * area, (i + 1) * area), rows, area / rows)
        }
      }
    return context.combined((layer) => ranks.get(layer)!)
  },
}
