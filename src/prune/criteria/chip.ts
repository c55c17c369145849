import type { Criterion, Numbers, ScoredLayer } from './criterion.ts'
import { gramOf, transposed } from './gram.ts'
import { makersOf } from './planes.ts'

/*
 * The nuclear norm of A [C, HW] is tr √(AᵀA), and without row a it is tr √(AᵀA − a·aᵀ). From √x = (2/π) ∫₀^∞ x / (x + s²) ds and the determinant of a matrix less
 * one of rank 1 follows
 *
 *   ‖A‖_* − ‖A without a‖_* = (1/π) ∫₀^∞ −ln h(s²) ds,   h(t) = 1 − aᵀ(AᵀA + tI)⁻¹a = t·[(AAᵀ + tI)⁻¹]_aa
 *
 * so that no norm is calculated anew. The smaller of the two Gram matrices is made tridiagonal once, M = QTQᵀ; then every h is one pass through T. With s = eᵘ
 * the integrand is smooth and falls off exponentially on both sides: the trapezoidal rule has an error of e^(−π²/step).
 */

const step = 0.6
/** On either side of the largest singular value's logarithm. */
const reach = 18

/** Rows of a matrix [rows, columns]: how much less the nuclear norm is without each. */
export function nuclearLosses(data: ArrayLike<number>, rows: number, columns: number): Float64Array {
  const byRows = rows <= columns
  const n = Math.min(rows, columns)
  const matrix = byRows ? new Float64Array(data) : transposed(data, rows, columns)
  const inner = Math.max(rows, columns)
  const gram = gramOf(matrix, n, inner)
  let trace = 0
  for (let i = 0; i < n; i++) trace += gram[i * (n + 1)]!
  const losses = new Float64Array(rows)
  if (!(trace > 0)) return losses
  const { diagonal, beside, q } = tridiagonal(gram, n)
  // In the basis of T: e_a, or a. [n, rows]
  const vectors = byRows ? transposed(q, n, n) : product(q, matrix, n, inner)
  const [y, sum] = [new Float64Array(rows), new Float64Array(rows)]
  const centre = Math.log(trace) / 2
  for (let u = centre - reach; u <= centre + reach; u += step) {
    const s = Math.exp(u)
    const t = s * s
    sum.fill(0)
    let pivot = 1
    for (let i = 0; i < n; i++) {
      const factor = i === 0 ? 0 : beside[i - 1]! / pivot
      // Rounding leaves eigenvalues that are 0 a little below.
      pivot = Math.max(diagonal[i]! + t - (i === 0 ? 0 : factor * beside[i - 1]!), Number.MIN_VALUE)
      const inverse = 1 / pivot
      for (let c = 0, at = i * rows; c < rows; c++, at++) {
        const value = vectors[at]! - factor * y[c]!
        y[c] = value
        sum[c] = sum[c]! + value * value * inverse
      }
    }
    for (let c = 0; c < rows; c++) {
      const h = byRows ? t * sum[c]! : 1 - sum[c]!
      losses[c] = losses[c]! - s * Math.log(Math.min(1, Math.max(h, 1e-16)))
    }
    y.fill(0)
  }
  return losses.map((loss) => (loss * step) / Math.PI)
}

/** Q·B of Q's transpose [n, n] and B [n, columns]: Qᵀ has the vectors of T's basis as rows. */
function product(q: Float64Array, b: Float64Array, n: number, columns: number): Float64Array {
  const made = new Float64Array(n * columns)
  for (let k = 0; k < n; k++)
    for (let i = 0; i < n; i++) {
      const factor = q[k * n + i]!
      if (factor === 0) continue
      for (let j = 0, to = i * columns, from = k * columns; j < columns; j++, to++, from++)
        made[to] = made[to]! + factor * b[from]!
    }
  return made
}

/** Householder: M = Q·T·Qᵀ of a symmetric M, of which the lower half is read, and overwritten. */
function tridiagonal(m: Float64Array, n: number) {
  const diagonal = new Float64Array(n)
  const beside = new Float64Array(Math.max(0, n - 1))
  const [v, p] = [new Float64Array(n), new Float64Array(n)]
  const reflections: { readonly v: Float64Array; readonly beta: number; readonly from: number }[] = []
  for (let k = 0; k < n - 1; k++) {
    diagonal[k] = m[k * (n + 1)]!
    const from = k + 1
    let norm = 0
    for (let i = from; i < n; i++) {
      v[i] = m[i * n + k]!
      norm += v[i]! * v[i]!
    }
    norm = Math.sqrt(norm)
    const alpha = v[from]! > 0 ? -norm : norm
    beside[k] = alpha
    v[from] = v[from]! - alpha
    let length = 0
    for (let i = from; i < n; i++) length += v[i]! * v[i]!
    if (length === 0 || from === n - 1) {
      // Already so; the last one has nothing to turn.
      if (from === n - 1) beside[k] = m[from * n + k]!
      continue
    }
    const beta = 2 / length
    p.fill(0)
    for (let i = from; i < n; i++) {
      const [row, vi] = [i * n, v[i]!]
      let sum = 0
      for (let j = from; j < i; j++) {
        const value = m[row + j]!
        sum += value * v[j]!
        p[j] = p[j]! + value * vi
      }
      p[i] = p[i]! + sum + m[row + i]! * vi
    }
    let dot = 0
    for (let i = from; i < n; i++) {
      p[i] = p[i]! * beta
      dot += p[i]! * v[i]!
    }
    const half = (beta * dot) / 2
    for (let i = from; i < n; i++) p[i] = p[i]! - half * v[i]!
    for (let i = from; i < n; i++) {
      const [row, vi, pi] = [i * n, v[i]!, p[i]!]
      for (let j = from; j <= i; j++) m[row + j] = m[row + j]! - vi * p[j]! - pi * v[j]!
    }
    reflections.push({ v: v.slice(), beta, from })
  }
  diagonal[n - 1] = m[n * n - 1]!
  const q = new Float64Array(n * n)
  for (let i = 0; i < n; i++) q[i * (n + 1)] = 1
  for (const { v, beta, from } of reflections.reverse()) {
    p.fill(0)
    for (let i = from; i < n; i++) {
      const [row, vi] = [i * n, v[i]!]
      for (let j = from; j < n; j++) p[j] = p[j]! + vi * q[row + j]!
    }
    for (let i = from; i < n; i++) {
      const [row, factor] = [i * n, beta * v[i]!]
      for (let j = from; j < n; j++) q[row + j] = q[row + j]! - factor * p[j]!
    }
  }
  return { diagonal, beside, q }
}

/** How much of what all channels hold together is lost with one: what the others do not hold, too. The mean over images. */
export const chip: Criterion = {
  name: 'chip',
  formula: '\\operatorname{mean}_n \\lVert A \\rVert_* - \\lVert A_{\\setminus c} \\rVert_*, \\quad A = [C, HW]',
  source: 'Sui et al., CHIP: CHannel Independence-based Pruning, NeurIPS 2021',
  needs: 'images',
  async score(context) {
    const layers = makersOf(context)
    const sums = new Map<ScoredLayer, Float64Array>(layers.map((layer) => [layer, new Float64Array(layer.channels)]))
    for await (const batch of context.batches(layers, { what: ['activations'] }))
      for (const [layer, sum] of sums) {
        const { data, images, channels } = batch.activations(layer)
        const each = data.length / images
        for (let n = 0; n < images; n++) {
          await context.turn()
          const image: Numbers = data.subarray(n * each, (n + 1) * each)
          nuclearLosses(image, channels, each / channels).forEach((loss, c) => {
            sum[c] = sum[c]! + loss
          })
        }
      }
    return context.combined((layer) => sums.get(layer)!)
  },
}
