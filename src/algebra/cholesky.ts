import type { MatrixTurn } from '../base/index.ts'
import { addProducts } from './products.ts'

/** Rows of Cholesky's factor, and of solutions, that are made at a time. */
const panel = 64
/** Columns of an inverse that are made at a time. */
const inverseColumns = 512

/**
 * Cholesky's factor L of a symmetric matrix A = L·Lᵀ of size [n, n], of which the lower half is read and overwritten.
 * @returns whether A is positive definite, as far as float64 tells; where not, what is in `a` says nothing
 */
export async function factorise(a: Float64Array, n: number, turn: MatrixTurn): Promise<boolean> {
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
    const steps = { start: to * n + from, row: n, term: 1 }
    const operands = {
      a,
      b: a,
      aSteps: steps,
      bSteps: steps,
      n: left,
      m: left,
      terms: to - from,
      factor: -1,
      lower: true,
    }
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
  turn: MatrixTurn,
): Promise<void> {
  await solveLower(l, n, 0, b, m, turn)
  for (let to = n; to > 0; to -= ((to - 1) % panel) + 1) {
    const from = to - (((to - 1) % panel) + 1)
    const aSteps = { start: to * n + from, row: 1, term: n }
    const bSteps = { start: to * m, row: 1, term: m }
    const operands = { a: l, b, aSteps, bSteps, n: to - from, m, terms: n - to, factor: -1 }
    await addProducts(operands, b, turn, m, from * m)
    for (let i = to - 1; i >= from; i--) {
      subtract(b, m, i, i + 1, to, l, (i + 1) * n + i, n)
      divide(b, m, i, l[i * n + i]!)
    }
  }
}

/** Solves L·X = B in place, from row `first` on: before it B is 0, and not there. */
async function solveLower(
  l: Float64Array,
  n: number,
  first: number,
  b: Float64Array,
  m: number,
  turn: MatrixTurn,
): Promise<void> {
  for (let from = first; from < n; from += panel) {
    const to = Math.min(n, from + panel)
    const aSteps = { start: from * n + first, row: n, term: 1 }
    const bSteps = { start: 0, row: 1, term: m }
    const operands = { a: l, b, aSteps, bSteps, n: to - from, m, terms: from - first, factor: -1 }
    await addProducts(operands, b, turn, m, (from - first) * m)
    for (let i = from; i < to; i++) {
      subtract(b, m, i - first, from - first, i - first, l, i * n + from, 1)
      divide(b, m, i - first, l[i * n + i]!)
    }
  }
}

/**
 * The inverse of A = L·Lᵀ, its lower half, in place of what `factorise` left: (L⁻¹)ᵀ·L⁻¹.
 * @param l [n, n], overwritten
 */
export async function invertFactorised(l: Float64Array, n: number, turn: MatrixTurn): Promise<void> {
  const x = new Float64Array(n * n)
  for (let first = 0; first < n; first += inverseColumns) {
    const width = Math.min(inverseColumns, n - first)
    const columns = new Float64Array((n - first) * width)
    for (let i = 0; i < width; i++) columns[i * (width + 1)] = 1
    await solveLower(l, n, first, columns, width, turn)
    for (let i = first; i < n; i++) x.set(columns.subarray((i - first) * width, (i - first + 1) * width), i * n + first)
  }
  l.fill(0)
  for (let first = 0; first < n; first += inverseColumns) {
    const rows = Math.min(inverseColumns, n - first)
    const own = { start: first * n + first, row: 1, term: n }
    const left = { start: first * n, row: 1, term: n }
    const operands = { a: x, b: x, aSteps: own, n: rows, terms: n - first }
    await addProducts({ ...operands, bSteps: left, m: first }, l, turn, n, first * n)
    await addProducts({ ...operands, bSteps: own, m: rows, lower: true }, l, turn, n, first * n + first)
  }
}

/** Row i of b less the sum of rows [from, to), times the factors at `at`, `step` apart. */
function subtract(
  b: Float64Array,
  m: number,
  i: number,
  from: number,
  to: number,
  l: Float64Array,
  at: number,
  step: number,
): void {
  const row = i * m
  let k = from
  for (; k + 3 < to; k += 4, at += 4 * step) {
    const [f, g, h, e] = [l[at]!, l[at + step]!, l[at + 2 * step]!, l[at + 3 * step]!]
    const [p, q, r, s] = [k * m, (k + 1) * m, (k + 2) * m, (k + 3) * m]
    for (let c = 0; c < m; c++) b[row + c] = b[row + c]! - f * b[p + c]! - g * b[q + c]! - h * b[r + c]! - e * b[s + c]!
  }
  for (; k < to; k++, at += step) for (let c = 0; c < m; c++) b[row + c] = b[row + c]! - l[at]! * b[k * m + c]!
}

function divide(b: Float64Array, m: number, i: number, by: number): void {
  const factor = 1 / by
  for (let c = 0; c < m; c++) b[i * m + c] = b[i * m + c]! * factor
}
