import type { Turn } from '../base/index.ts'

/*
 * Products of rows. Blocks are copied side by side before they are multiplied, and a tile of 2×4 sums stays in registers: that is what engines of
 * JavaScript do fast.
 */

/** Products over so many terms are summed at a time. */
const depth = 256
/** Rows of the left operand that stay in the cache. */
const blockRows = 64

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

/** Σ a². */
export function squares(a: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * a[i]!
  return sum
}
