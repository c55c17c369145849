import { gramOf, squares, transposed } from '../../algebra/index.ts'
import type { Criterion } from './criterion.ts'
import { makersOf } from './planes.ts'

/**
 * How many singular values of a matrix [rows, columns] are above max(rows, columns)·2⁻²³ of the largest: the rank of numbers that are float32. By Cholesky's
 * decomposition of its Gram matrix with the largest pivot first, which ends where nothing is left.
 */
export function rankOf(data: ArrayLike<number>, rows: number, columns: number): number {
  const n = Math.min(rows, columns)
  const inner = Math.max(rows, columns)
  const gram = gramOf(rows <= columns ? new Float64Array(data) : transposed(data, rows, columns), n, inner)
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) gram[j * n + i] = gram[i * n + j]!
  const tolerance = (inner * 2 ** -23) ** 2 * largestEigenvalue(gram, n)
  for (let rank = 0; rank < n; rank++) {
    let at = rank
    for (let i = rank + 1; i < n; i++) if (gram[i * (n + 1)]! > gram[at * (n + 1)]!) at = i
    const pivot = gram[at * (n + 1)]!
    if (!(pivot > tolerance)) return rank
    if (at !== rank) exchange(gram, n, at, rank)
    const first = rank * n
    for (let i = rank + 1; i < n; i++) {
      const row = i * n
      const factor = gram[row + rank]! / pivot
      if (factor === 0) continue
      // The lower half: the other is its mirror, of which only the first row is read.
      for (let j = rank + 1; j <= i; j++) gram[row + j] = gram[row + j]! - factor * gram[first + j]!
    }
    for (let i = rank + 2; i < n; i++) gram[(rank + 1) * n + i] = gram[i * n + rank + 1]!
  }
  return n
}

/** Rows and columns a > b of a symmetric matrix, of which the lower half counts, from b on. */
function exchange(gram: Float64Array, n: number, a: number, b: number): void {
  const swap = (p: number, q: number) => {
    const value = gram[p]!
    gram[p] = gram[q]!
    gram[q] = value
  }
  swap(a * (n + 1), b * (n + 1))
  for (let i = b + 1; i < a; i++) swap(i * n + b, a * n + i)
  for (let i = a + 1; i < n; i++) swap(i * n + b, i * n + a)
  for (let i = b + 1; i < n; i++) gram[b * n + i] = gram[i * n + b]!
}

/** To some digits, by multiplying again and again. */
function largestEigenvalue(gram: Float64Array, n: number): number {
  let [vector, next] = [new Float64Array(n).fill(1), new Float64Array(n)]
  let value = 0
  for (let round = 0; round < 8; round++) {
    for (let i = 0, at = 0; i < n; i++) {
      let [even, odd] = [0, 0]
      // Two sums at a time: each addition waits for the one before.
      let j = 0
      for (; j + 1 < n; j += 2, at += 2) {
        even += gram[at]! * vector[j]!
        odd += gram[at + 1]! * vector[j + 1]!
      }
      if (j < n) even += gram[at++]! * vector[j]!
      next[i] = even + odd
    }
    const before = value
    value = length(next) / (length(vector) || 1)
    const factor = 1 / (value || 1)
    for (let i = 0; i < n; i++) next[i] = next[i]! * factor
    ;[vector, next] = [next, vector]
    if (Math.abs(value - before) < 1e-3 * value) break
  }
  return value
}

const length = (vector: Float64Array): number => Math.sqrt(squares(vector))

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
