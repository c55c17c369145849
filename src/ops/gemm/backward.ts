import { type BackwardRule, float } from '../../graph/index.ts'
import { gradientOf, shapeIn, shapeOut } from '../shared/backward.ts'
import type { GemmAttributes } from './gemm.ts'

/**
 * With Y = alpha·A'·B' + beta·C:   dA' = alpha · dY·B'ᵀ      dB' = alpha · A'ᵀ·dY      dC = beta · dY, summed where C was broadcast
 *
 * A transposed operand gets the transposed gradient, so each is one product again.
 */
export const gemmBackward: BackwardRule<GemmAttributes> = (call) => {
  const { emit } = call
  const { alpha, beta, transA, transB } = call.attributes
  const [a, b] = call.node.inputs as [string, string]
  const dy = gradientOf(call)
  const product = (left: string, transposeLeft: boolean, right: string, transposeRight: boolean) =>
    emit.node('Gemm', [left, right], {
      alpha: float(alpha),
      transA: transposeLeft ? 1 : 0,
      transB: transposeRight ? 1 : 0,
    })
  const toBias = () => {
    const gradient = emit.unbroadcast(dy, shapeOut(call), shapeIn(call, 2))
    return beta === 1 ? gradient : emit.node('Mul', [gradient, emit.floats([beta])])
  }
  const toA = () => (transA ? product(b, transB, dy, true) : product(dy, false, b, !transB))
  const toB = () => (transB ? product(dy, true, a, transA) : product(a, !transA, dy, false))
  return [call.needs(0) ? toA() : undefined, call.needs(1) ? toB() : undefined, call.needs(2) ? toBias() : undefined]
}
