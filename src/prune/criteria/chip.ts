import { gramOf, transposed, tridiagonal } from '../../algebra/index.ts'
import type { Turn } from '../../base/index.ts'
import type { Criterion, Numbers, ScoredLayer } from './criterion.ts'
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
export async function nuclearLosses(
  data: ArrayLike<number>,
  rows: number,
  columns: number,
  turn: Turn,
): Promise<Float64Array> {
  const byRows = rows <= columns
  const n = Math.min(rows, columns)
  const matrix = byRows ? new Float64Array(data) : transposed(data, rows, columns)
  const inner = Math.max(rows, columns)
  const gram = gramOf(matrix, n, inner)
  let trace = 0
  for (let i = 0; i < n; i++) trace += gram[i * (n + 1)]!
  const losses = new Float64Array(rows)
  if (!(trace > 0)) return losses
  const { diagonal, beside, basis } = await tridiagonal(gram, n, turn)
  // In the basis of T: e_a, or a. [n, rows]
  const vectors = byRows ? basis : product(basis, matrix, n, inner)
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

/** Qᵀ·B of Qᵀ [n, n] and B [n, columns]. */
function product(basis: Float64Array, b: Float64Array, n: number, columns: number): Float64Array {
  const made = new Float64Array(n * columns)
  for (let i = 0; i < n; i++)
    for (let k = 0; k < n; k++) {
      const factor = basis[i * n + k]!
      if (factor === 0) continue
      for (let j = 0, to = i * columns, from = k * columns; j < columns; j++, to++, from++)
        made[to] = made[to]! + factor * b[from]!
    }
  return made
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
          const image: Numbers = data.subarray(n * each, (n + 1) * each)
          const losses = await nuclearLosses(image, channels, each / channels, context.turn)
          losses.forEach((loss, c) => {
            sum[c] = sum[c]! + loss
          })
        }
      }
    return context.combined((layer) => sums.get(layer)!)
  },
}
