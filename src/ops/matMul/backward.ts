import { elementCount } from '../../base/index.ts'
import type { BackwardCall, BackwardRule } from '../../graph/index.ts'
import { gradientOf, shapeIn, shapeOut } from '../shared/backward.ts'

/**
 * With Y = A·B:   dA = dY·Bᵀ      dB = Aᵀ·dY, summed over leading axes that were broadcast.
 *
 * A vector as A is a matrix of one row, a vector as B one of one column.
 */
export const matMulBackward: BackwardRule = (call) => {
  const { emit } = call
  const [a, b] = call.node.inputs as [string, string]
  const [shapeA, shapeB] = [shapeIn(call, 0), shapeIn(call, 1)]
  const matrixA = shapeA.length === 1 ? [1, ...shapeA] : shapeA
  const matrixB = shapeB.length === 1 ? [...shapeB, 1] : shapeB
  const batch = shapeOut(call).slice(0, Math.max(matrixA.length, matrixB.length) - 2)
  const [rows, columns] = [matrixA.at(-2)!, matrixB.at(-1)!]
  const view = (value: string, from: readonly number[], to: readonly number[]) =>
    from.join() === to.join() ? value : emit.reshape(value, to)
  const dy = view(gradientOf(call), shapeOut(call), [...batch, rows, columns])
  const asRows = (value: string, shape: readonly number[]) => {
    const width = shape.at(-1)!
    return view(value, shape, [elementCount(shape)! / width, width])
  }

  /** One gradient with its operand's leading axes. */
  const summed = (left: string, right: string, operand: readonly number[], shape: readonly number[]) => {
    const product = emit.node('MatMul', [left, right])
    const full = [...batch, ...operand.slice(-2)]
    return view(emit.unbroadcast(product, full, operand), operand, shape)
  }
  const toA = () => {
    if (matrixB.length > 2) return summed(dy, transposed(call, b, shapeB, matrixB), matrixA, shapeA)
    const right = view(b, shapeB, matrixB)
    const product = emit.product(asRows(dy, [...batch, rows, columns]), right, { transB: 1 })
    return view(product, [elementCount(batch)! * rows, matrixA.at(-1)!], shapeA)
  }
  const toB = () => {
    if (matrixB.length > 2) return summed(transposed(call, a, shapeA, matrixA), dy, matrixB, shapeB)
    // A plain matrix on the right sees all leading axes as rows.
    const left = asRows(view(a, shapeA, matrixA), matrixA)
    const product = emit.product(left, asRows(dy, [...batch, rows, columns]), { transA: 1 })
    return view(product, matrixB, shapeB)
  }
  return [call.needs(0) ? toA() : undefined, call.needs(1) ? toB() : undefined]
}

/** The last two axes exchanged. */
function transposed(call: BackwardCall, value: string, shape: readonly number[], matrix: readonly number[]): string {
  const viewed = shape.length === matrix.length ? value : call.emit.reshape(value, matrix)
  const perm = [...matrix.keys()]
  const last = perm.length - 1
  return call.emit.node('Transpose', [viewed], { perm: [...perm.slice(0, -2), last, last - 1] })
}
