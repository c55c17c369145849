import type { Turn } from '../../base/index.ts'

/*
 * What least squares needs of linear algebra, in float64: products of rows, Cholesky's factor, and solving with it. Matrices are row-major. Blocks are
 * copied side by side before they are multiplied, and a tile of 2×4 sums stays in registers: that is what engines of JavaScript do fast.
 */

/** Products over so many terms are summed at a time. */
const depth = 256
/** Rows of the left operand that stay in the cache. */
const blockRows = 64
/** Rows of Cholesky's factor that are made at a time. */
const panel = 64

/** Columns [from, to) of `rows` rows, `width` rows interleaved; rows that are missing are zeros. */
function interleaved(
  a: ArrayLike<number>,
  stride: number,
  rows: number,
  from: number,
  to: number,
  width: number,
): Float64Array {
  const count = to - from
  const packed = new Float64Array(Math.ceil(rows / width) * width * count)
  for (let i = 0; i < rows; i++) {
    const at = (i - (i % width)) * count + (i % width)
    const source = i * stride + from
    for (let k = 0; k < count; k++) packed[at + k * width] = a[source + k]!
  }
  return packed
}

/** Operands of `addProducts`. */
interface Products {
  /** [n, terms], in rows of `terms`. */
  readonly a: ArrayLike<number>
  /** [m, terms]. */
  readonly b: ArrayLike<number>
  readonly n: number
  readonly m: number
  readonly terms: number
  /** 1, or −1 to subtract. */
  readonly factor?: number
  /** Only where the column is not right of the row: of a symmetric result the lower half. */
  readonly lower?: boolean
}

/**
 * out[i, j] += factor · Σ_k a[i, k] · b[j, k]. With `lower` some sums right of the diagonal are added, too.
 * @param stride of `out`'s rows
 * @param start of `out`
 */
export async function addProducts(
  { a, b, n, m, terms, factor = 1, lower = false }: Products,
  out: Float64Array,
  turn: Turn,
  stride = m,
  start = 0,
): Promise<void> {
  const sums = new Float64Array(8)
  for (let from = 0; from < terms; from += depth) {
    const to = Math.min(terms, from + depth)
    const left = interleaved(a, terms, n, from, to, 2)
    const right = interleaved(b, terms, m, from, to, 4)
    for (let i0 = 0; i0 < n; i0 += blockRows) {
      await turn()
      const i1 = Math.min(n, i0 + blockRows)
      for (let j = 0; j < m; j += 4)
        for (let i = lower && j > i0 ? j : i0; i < i1; i += 2) {
          sumTile(left, i * (to - from), right, j * (to - from), to - from, sums)
          const rows = Math.min(2, n - i)
          const columns = Math.min(4, m - j)
          for (let r = 0; r < rows; r++)
            for (let c = 0, at = start + (i + r) * stride + j; c < columns; c++, at++)
              out[at] = out[at]! + factor * sums[4 * r + c]!
        }
    }
  }
}

/** The sums of 2 rows and 4 columns, one row behind the other. */
function sumTile(
  left: Float64Array,
  leftStart: number,
  right: Float64Array,
  rightStart: number,
  count: number,
  sums: Float64Array,
): void {
  let a0 = 0
  let a1 = 0
  let a2 = 0
  let a3 = 0
  let b0 = 0
  let b1 = 0
  let b2 = 0
  let b3 = 0
  for (let p = leftStart, q = rightStart, end = leftStart + 2 * count; p < end; p += 2, q += 4) {
    const x = left[p]!
    const y = left[p + 1]!
    const u = right[q]!
    const v = right[q + 1]!
    const w = right[q + 2]!
    const z = right[q + 3]!
    a0 += x * u
    a1 += x * v
    a2 += x * w
    a3 += x * z
    b0 += y * u
    b1 += y * v
    b2 += y * w
    b3 += y * z
  }
  sums[0] = a0
  sums[1] = a1
  sums[2] = a2
  sums[3] = a3
  sums[4] = b0
  sums[5] = b1
  sums[6] = b2
  sums[7] = b3
}

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
