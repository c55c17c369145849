import type { Turn } from '../base/index.ts'
import { addProducts } from './products.ts'

/** Rows of Cholesky's factor that are made at a time. */
const panel = 64

/**
 * Cholesky's factor L of a symmetric matrix A = L·Lᵀ of size [n, n], of which the lower half is read and overwritten.
 * @returns whether A is positive definite, as far as float64 tells; where not, what is in `a` says nothing
 */
export async function factorise(a: Float64Array, n: number, turn: Turn): Promise<boolean> {
  for (let from = 0; from < n; from += panel) {
    await turn()
    const to = Math.min(n, from + panel)
    for (let i = from; i < n; i++) {
      const row = i * n
      for (let j = from; j <= Math.min(i, to - 1); j++) {
        let sum = a[row + j]!
        for (let k = from; k < j; k++) sum -= a[row + k]! * a[j * n + k]!
        if (i > j) a[row + j] = sum / a[j * n + j]!
        else if (sum > 0) a[row + j] = Math.sqrt(sum)
        else return false
      }
    }
    const left = n - to
    const rows = new Float64Array(left * (to - from))
    for (let i = 0; i < left; i++) rows.set(a.subarray((to + i) * n + from, (to + i) * n + to), i * (to - from))
    const operands = { a: rows, b: rows, n: left, m: left, terms: to - from, factor: -1, lower: true }
    await addProducts(operands, a, turn, n, to * n + to)
  }
  return true
}

/** Solves L·Lᵀ·X = B in place. `b` is [n, m]; `l` is what `factorise` left. */
export async function solveFactorised(
  l: Float64Array,
  n: number,
  b: Float64Array,
  m: number,
  turn: Turn,
): Promise<void> {
  /** Row i less the sum of rows [from, to), times the factors at `at`, `step` apart. */
  const subtract = (i: number, from: number, to: number, at: number, step: number): void => {
    const row = i * m
    let k = from
    for (; k + 3 < to; k += 4, at += 4 * step) {
      const [f, g, h, e] = [l[at]!, l[at + step]!, l[at + 2 * step]!, l[at + 3 * step]!]
      const [p, q, r, s] = [k * m, (k + 1) * m, (k + 2) * m, (k + 3) * m]
      for (let c = 0; c < m; c++)
        b[row + c] = b[row + c]! - f * b[p + c]! - g * b[q + c]! - h * b[r + c]! - e * b[s + c]!
    }
    for (; k < to; k++, at += step) for (let c = 0; c < m; c++) b[row + c] = b[row + c]! - l[at]! * b[k * m + c]!
  }
  const divide = (i: number): void => {
    const factor = 1 / l[i * n + i]!
    for (let c = 0; c < m; c++) b[i * m + c] = b[i * m + c]! * factor
  }
  for (let i = 0; i < n; i++) {
    await turn()
    subtract(i, 0, i, i * n, 1)
    divide(i)
  }
  for (let i = n - 1; i >= 0; i--) {
    await turn()
    subtract(i, i + 1, n, (i + 1) * n + i, n)
    divide(i)
  }
}
