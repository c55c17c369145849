import type { Turn } from '../base/index.ts'
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

/** What does large sums: plain loops, or kernels on threads. */
export interface MatrixKernels {
  /** Rows of the left operand that lie side by side; of the right one 4 do. */
  readonly width: number
  /**
   * Room for so many numbers, which lasts until anything else is asked for.
   * @param left as many as the packed left operand has
   * @param right the same of the right one
   * @param sums rows times columns, each a multiple of 4
   */
  room(left: number, right: number, sums: number): ProductRoom | Promise<ProductRoom>
  /**
   * Of matrices A [rows, columns], one behind the other in `data`: tr(AAᵀ) of each, and t·[(AAᵀ + t)⁻¹]_aa of each row, [matrices, shifts, rows].
   * @param shifts values of t, as parts of tr(AAᵀ)
   */
  resolvents?(
    data: Float32Array,
    rows: number,
    columns: number,
    shifts: Float64Array,
  ): Promise<{ readonly traces: Float64Array; readonly values: Float64Array }>
}

/** Where packed operands are put, and sums are found. */
export interface ProductRoom {
  /** [rows ÷ width][terms][width]. */
  readonly left: Float64Array
  /** [columns ÷ 4][terms][4]. */
  readonly right: Float64Array
  /** [rows, columns]. */
  readonly sums: Float64Array
  /**
   * sums[i, j] += Σ_k left[i, k] · right[j, k].
   * @param above so many columns have all rows; of those behind them as many rows may be left out, from the first on
   */
  add(rows: number, columns: number, terms: number, above: number): void
}

/** Lets others have their turn, and says what multiplies: what work on large matrices takes along. */
export interface MatrixTurn extends Turn {
  /** Default: plain loops. */
  readonly kernels?: MatrixKernels | undefined
}

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
