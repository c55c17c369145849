import type { MatrixTurn } from '../base/index.ts'
import { plainKernels } from './plain.ts'

/*
 * Products of rows. Blocks are copied side by side before they are multiplied: what is read again and again lies in the cache, and in the order in which it is read.
 */

/** Products over so many terms are summed at a time. */
const depth = 256
/** Rows of the result that are made at a time. */
const blockRows = 512
/** Rows of the right operand that lie side by side. */
const width = 4
/** Products from which on it pays to ask for more than plain loops. */
const fewProducts = 2 ** 18

/** Where the numbers of an operand lie: the first one, the next row, the next term. */
interface Steps {
  readonly start: number
  readonly row: number
  readonly term: number
}

/** Operands of `addProducts`. */
interface Products {
  /** [n, terms], in rows of `terms`, or as `aSteps` says. */
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
  readonly aSteps?: Steps
  readonly bSteps?: Steps
}

/** Rows [first, last) and columns [from, to) of an operand, `width` rows interleaved; rows that are missing are zeros. */
function pack(
  a: ArrayLike<number>,
  { start, row, term }: Steps,
  [first, last]: readonly [number, number],
  [from, to]: readonly [number, number],
  width: number,
  packed: Float64Array,
): void {
  const count = to - from
  const rows = last - first
  for (let i = 0; i < Math.ceil(rows / width) * width; i++) {
    let at = (i - (i % width)) * count + (i % width)
    const end = at + count * width
    if (i >= rows) for (; at < end; at += width) packed[at] = 0
    else
      for (let source = start + (first + i) * row + from * term; at < end; at += width, source += term)
        packed[at] = a[source]!
  }
}

const up = (count: number): number => Math.ceil(count / width) * width

/**
 * out[i, j] += factor · Σ_k a[i, k] · b[j, k]. Operands may lie in `out`, where nothing is added to.
 * @param stride of `out`'s rows
 * @param start of `out`
 */
export async function addProducts(
  { a, b, n, m, terms, factor = 1, lower = false, aSteps, bSteps }: Products,
  out: Float64Array,
  turn: MatrixTurn,
  stride = m,
  start = 0,
): Promise<void> {
  const rowByRow = { start: 0, row: terms, term: 1 }
  const kernels = (n * m * terms >= fewProducts && turn.kernels) || plainKernels
  const most = Math.min(depth, terms)
  for (let i0 = 0; i0 < n; i0 += blockRows) {
    const i1 = Math.min(n, i0 + blockRows)
    const columns = lower ? Math.min(m, i1) : m
    const [rows, stored] = [up(i1 - i0), up(columns)]
    await turn()
    const room = await kernels.room(rows * most, stored * most, rows * stored)
    const sums = room.sums
    sums.fill(0)
    for (let from = 0; from < terms; from += depth) {
      await turn()
      const to = Math.min(terms, from + depth)
      pack(a, aSteps ?? rowByRow, [i0, i1], [from, to], kernels.width, room.left)
      pack(b, bSteps ?? rowByRow, [0, columns], [from, to], width, room.right)
      room.add(rows, stored, to - from, lower ? i0 : stored)
    }
    for (let i = i0; i < i1; i++) {
      const last = lower ? Math.min(columns, i + 1) : columns
      for (let j = 0, at = start + i * stride, from = (i - i0) * stored; j < last; j++, at++, from++)
        out[at] = out[at]! + factor * sums[from]!
    }
  }
}

/** Σ a². */
export function squares(a: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * a[i]!
  return sum
}
