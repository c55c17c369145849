import { gramOf, transposed, tridiagonal } from '../../algebra/index.ts'
import type { MatrixTurn, Turn } from '../../base/index.ts'
import type { Criterion, ScoredLayer } from './criterion.ts'
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
/** Below and above the logarithm of √tr(AAᵀ), which is not less than the largest singular value. Further below float64 cannot tell AAᵀ + t from a singular matrix. */
const [below, above] = [15, 6]
/** Logarithms of s, less that. */
const logarithms = Float64Array.from({ length: Math.round((below + above) / step) + 1 }, (_, p) => p * step - below)
/** Of T + t: rounding may leave less. In parts of tr(AAᵀ). */
const leastPivot = 1e-17
/** Values of t, likewise. */
const shifts = logarithms.map((u) => Math.exp(2 * u))
/**
 * Beyond the last point −ln h is |a|²/t, so that what is left out is a geometric series: so much of what the last point adds. Before the first one −ln h goes on as a line in u.
 */
const [rest, slopes] = [1 / (Math.exp(step) - 1), Math.exp(-step) / (1 - Math.exp(-step)) ** 2]

/**
 * Of matrices [rows, columns], one behind the other: how much less the nuclear norm is without each row, the sum over the matrices.
 * @param turn whose kernels look at the matrices, where there are some
 */
export async function nuclearLosses(
  data: Float32Array,
  rows: number,
  columns: number,
  turn: MatrixTurn,
): Promise<Float64Array> {
  const { traces, values } = await (turn.kernels?.resolvents?.(data, rows, columns, shifts) ??
    resolvents(data, rows, columns, turn))
  const losses = new Float64Array(rows)
  const points = shifts.length
  const weights = logarithms.map((u) => Math.exp(u))
  weights[points - 1] = weights[points - 1]! * (1 + rest)
  weights[1] = weights[1]! - weights[0]! * slopes
  weights[0] = weights[0]! * (1 + rest + slopes)
  for (const [i, trace] of traces.entries()) {
    const scale = (Math.sqrt(trace) * step) / Math.PI
    for (const [p, own] of weights.entries()) {
      const weight = scale * own
      for (let c = 0, at = (i * points + p) * rows; c < rows; c++, at++)
        losses[c] = losses[c]! - weight * Math.log(Math.min(1, Math.max(values[at]!, 1e-16)))
    }
  }
  return losses
}

/** As the kernels' `resolvents`, in plain loops. */
async function resolvents(data: Float32Array, rows: number, columns: number, turn: Turn) {
  const [area, points] = [rows * columns, shifts.length]
  const count = data.length / area
  const traces = new Float64Array(count)
  const values = new Float64Array(count * points * rows).fill(1)
  const byRows = rows <= columns
  const [n, inner] = byRows ? [rows, columns] : [columns, rows]
  for (let image = 0; image < count; image++) {
    const own = data.subarray(image * area, (image + 1) * area)
    const matrix = byRows ? new Float64Array(own) : transposed(own, rows, columns)
    const gram = gramOf(matrix, n, inner)
    let trace = 0
    for (let i = 0; i < n; i++) trace += gram[i * (n + 1)]!
    traces[image] = trace
    if (!(trace > 0)) continue
    const { diagonal, beside, basis } = await tridiagonal(gram, n, turn)
    // In the basis of T: e_a, or a. [n, rows]
    const vectors = byRows ? basis : product(basis, matrix, n, inner)
    const [y, sum] = [new Float64Array(rows), new Float64Array(rows)]
    for (const [p, shift] of shifts.entries()) {
      const t = trace * shift
      y.fill(0)
      sum.fill(0)
      let pivot = 1
      for (let i = 0; i < n; i++) {
        const factor = i === 0 ? 0 : beside[i - 1]! / pivot
        pivot = Math.max(diagonal[i]! + t - (i === 0 ? 0 : factor * beside[i - 1]!), leastPivot * trace)
        const inverse = 1 / pivot
        for (let c = 0, at = i * rows; c < rows; c++, at++) {
          const value = vectors[at]! - factor * y[c]!
          y[c] = value
          sum[c] = sum[c]! + value * value * inverse
        }
      }
      sum.forEach((value, c) => {
        values[(image * points + p) * rows + c] = byRows ? t * value : 1 - value
      })
    }
  }
  return { traces, values }
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
        await context.turn()
        const floats = data instanceof Float32Array ? data : Float32Array.from(data)
        const losses = await nuclearLosses(floats, channels, data.length / (images * channels), context.turn)
        losses.forEach((loss, c) => {
          sum[c] = sum[c]! + loss
        })
      }
    return context.combined((layer) => sums.get(layer)!)
  },
}
