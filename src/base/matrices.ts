import type { Turn } from './task.ts'

/** Does large sums of float64: plain loops, or kernels on threads. One thing at a time. */
export interface MatrixKernels {
  /** Rows of the left operand of products that lie side by side; of the right one 4 do. */
  readonly width: number
  /**
   * Room for packed operands and sums, which lasts until anything else is asked for.
   * @param left numbers that the packed left operand has
   * @param right the same of the right one
   * @param sums rows times columns, each a multiple of 4
   */
  room(left: number, right: number, sums: number): ProductRoom | Promise<ProductRoom>
  /**
   * What rows mean to matrices A [rows, columns] of float32, by (AAᵀ + t)⁻¹.
   * @param data the matrices, one behind the other
   * @param rows of each
   * @param columns of each
   * @param shifts values of t, as parts of tr(AAᵀ)
   * @throws KerfError `out-of-memory`
   */
  resolvents?(data: Float32Array, rows: number, columns: number, shifts: Float64Array): Promise<Resolvents>
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
   * @param rows a multiple of 4
   * @param columns a multiple of 4
   * @param terms of each sum
   * @param above so many columns have all rows; of those behind them as many rows may be left out, from the first on
   */
  add(rows: number, columns: number, terms: number, above: number): void
}

/** What `resolvents` says of some matrices. */
export interface Resolvents {
  /** tr(AAᵀ) of each. */
  readonly traces: Float64Array
  /** t·[(AAᵀ + t)⁻¹]_aa of each row a of A: [matrices, shifts, rows]. */
  readonly values: Float64Array
}

/** Kernels and threads that are there from their first use on. */
export interface Matrices extends MatrixKernels {
  /** Ends the threads. */
  dispose(): Promise<void>
}

/** Lets others have their turn, and says what does large sums: what work on large matrices takes along. */
export interface MatrixTurn extends Turn {
  /** Default: plain loops. */
  readonly kernels?: MatrixKernels | undefined
}
