import type { Turn } from '../base/index.ts'
import { transposed } from './gram.ts'
import { addProducts, squares } from './products.ts'
import { eigen } from './symmetric.ts'

/*
 * Singular values and vectors of A [rows, columns] by the eigenvectors of the smaller of its Gram matrices: with U those of A·Aᵀ, the best matrix of rank r is
 * U_r·(U_rᵀ·A), whatever the singular values are: nothing is divided by them. In float64 the squares of singular values are right to 1e-16 of the largest, which is
 * finer than weights in float32 are.
 */

/** What a matrix is made of. */
export interface Singular {
  /** Squares of the singular values, largest first. */
  readonly energies: Float64Array
  /** ‖A‖². */
  readonly size: number
  /**
   * The best matrix of a rank, as a product; the square root of each singular value goes to either side.
   * @returns `left` [rows, rank] and `right` [rank, columns]
   */
  product(rank: number, turn: Turn): Promise<{ readonly left: Float64Array; readonly right: Float64Array }>
}

/** @param a [rows, columns] */
export async function singular(a: Float64Array, rows: number, columns: number, turn: Turn): Promise<Singular> {
  const isWide = rows <= columns
  const [n, inner] = isWide ? [rows, columns] : [columns, rows]
  const wide = isWide ? a : transposed(a, rows, columns)
  const gram = new Float64Array(n * n)
  await addProducts({ a: wide, b: wide, n, m: n, terms: inner, lower: true }, gram, turn)
  const { values, vectors } = await eigen(gram, n, turn)
  return {
    energies: values.map((v) => Math.max(0, v)),
    size: squares(a),
    async product(rank, turn) {
      const own = vectors.slice(0, rank * n)
      const other = new Float64Array(rank * inner)
      await addProducts({ a: own, b: transposed(wide, n, inner), n: rank, m: inner, terms: n }, other, turn)
      for (let r = 0; r < rank; r++) {
        const value = Math.sqrt(squares(other.subarray(r * inner, (r + 1) * inner)))
        const factor = value > 0 ? Math.sqrt(value) : 1
        for (let i = r * n; i < (r + 1) * n; i++) own[i] = own[i]! * factor
        for (let i = r * inner; i < (r + 1) * inner; i++) other[i] = other[i]! / factor
      }
      return isWide
        ? { left: transposed(own, rank, rows), right: other }
        : { left: transposed(other, rank, rows), right: own }
    },
  }
}

/** ‖A − left·right‖² of A [rows, columns], left [rows, rank] and right [rank, columns]. */
export async function productError(
  a: Float64Array,
  [rows, columns]: readonly [rows: number, columns: number],
  { left, right, rank }: { readonly left: Float64Array; readonly right: Float64Array; readonly rank: number },
  turn: Turn,
): Promise<number> {
  const rest = a.slice()
  const b = transposed(right, rank, columns)
  await addProducts({ a: left, b, n: rows, m: columns, terms: rank, factor: -1 }, rest, turn)
  return squares(rest)
}
