import type { MatrixKernels } from '../base/index.ts'

/*
 * Products in plain loops. A tile of 2×4 sums stays in registers: that is what engines of JavaScript do fast.
 */

/** Rows of the left operand that stay in the cache. */
const cachedRows = 64

export const plainKernels: MatrixKernels = {
  width: 2,
  room(lefts, rights, count) {
    const [left, right, sums] = [new Float64Array(lefts), new Float64Array(rights), new Float64Array(count)]
    return {
      ...{ left, right, sums },
      add(rows, columns, terms, above) {
        for (let i0 = 0; i0 < rows; i0 += cachedRows)
          for (let j = 0; j < columns; j += 4)
            for (let i = Math.max(i0, j - above); i < Math.min(rows, i0 + cachedRows); i += 2)
              addTile(left, i * terms, right, j * terms, terms, sums, i * columns + j, columns)
      },
    }
  },
}

/** Adds the sums of 2 rows and 4 columns. */
function addTile(
  left: Float64Array,
  leftStart: number,
  right: Float64Array,
  rightStart: number,
  count: number,
  sums: Float64Array,
  at: number,
  stride: number,
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
  sums[at] = sums[at]! + a0
  sums[at + 1] = sums[at + 1]! + a1
  sums[at + 2] = sums[at + 2]! + a2
  sums[at + 3] = sums[at + 3]! + a3
  const next = at + stride
  sums[next] = sums[next]! + b0
  sums[next + 1] = sums[next + 1]! + b1
  sums[next + 2] = sums[next + 2]! + b2
  sums[next + 3] = sums[next + 3]! + b3
}
