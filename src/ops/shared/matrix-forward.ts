import { elementCount } from '../../base/index.ts'
import type { Call, Dense } from '../../graph/index.ts'
import { broadcastStrides, fromIndices, offsetOf } from './indices.ts'
import { type Operands, productShape } from './matrix.ts'
import type { Doubles } from './numbers.ts'

/** A matrix inside an array: element (i, j) lies at start + i·row + j·column. */
export interface Matrix {
  readonly data: Float64Array
  readonly start: number
  readonly row: number
  readonly column: number
}

/** y[at + i·n + j] = Σ_k a(i, k) · b(k, j), for a of m×k and b of k×n. */
export function multiply(
  a: Matrix,
  b: Matrix,
  { m, k, n }: { m: number; k: number; n: number },
  y: Float64Array,
  at = 0,
): void {
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++) {
      let sum = 0
      let left = a.start + i * a.row
      let right = b.start + j * b.column
      for (let t = 0; t < k; t++) {
        sum += a.data[left]! * b.data[right]!
        left += a.column
        right += b.row
      }
      y[at + i * n + j] = sum
    }
}

/** The product of two tensors as NumPy's matmul; `operands` says which inputs of the call they are. */
export function product(call: Call, operands: Operands, a: Doubles, b: Doubles): Doubles {
  const shape = productShape(call, operands) as readonly number[]
  const left = a.shape.length > 1 ? a.shape : [1, ...a.shape]
  const right = b.shape.length > 1 ? b.shape : [...b.shape, 1]
  const [m, k] = left.slice(-2) as [number, number]
  const n = right.at(-1)!
  const batch = shape.slice(0, Math.max(left.length, right.length) - 2)
  const data = new Float64Array(elementCount(shape)!)
  // One entry per matrix of the broadcast leading axes: which matrix of A and of B it is made of.
  const [fromA, fromB] = [left, right].map((own) => {
    const strides = broadcastStrides(own.slice(0, -2), batch)
    return fromIndices(batch, (index) => offsetOf(strides, index))
  }) as [Float64Array, Float64Array]
  fromA.forEach((matrix, i) => {
    const start = fromB[i]! * k * n
    multiply(
      { data: a.data, start: matrix * m * k, row: k, column: 1 },
      { data: b.data, start, row: n, column: 1 },
      { m, k, n },
      data,
      i * m * n,
    )
  })
  return { shape, data }
}

/** A scale or zero point with one entry per row, so that it broadcasts to the rows of a matrix. */
export function perRow(parameter: Dense | undefined): Dense | undefined {
  return parameter?.shape.length === 1 && parameter.data.length > 1
    ? { ...parameter, shape: [...parameter.shape, 1] }
    : parameter
}
