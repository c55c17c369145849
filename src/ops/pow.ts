import { isFloating, isInteger } from '../base/index.ts'
import type { BackwardCall } from '../graph/index.ts'
import type { TrainingOf } from './operator.ts'
import { algebra } from './shared/backward.ts'
import { binary, binaryBackward } from './shared/binary.ts'
import { contentOf } from './shared/check.ts'

/** The exponent in floating point, and less one. */
function exponents(call: BackwardCall): { y: string; less: () => string } {
  const { emit } = call
  const known = contentOf(call, 1)
  const { shape, elementType } = call.inputs[1] as { shape: readonly number[]; elementType: 'float32' }
  const [, given] = call.node.inputs as [string, string]
  const constant = (by: number) =>
    known &&
    emit.floats(
      known.map((v) => v - by),
      shape,
    )
  const y = isFloating(elementType) ? given : (constant(0) ?? emit.node('Cast', [given], { to: 1 }))
  return { y, less: () => constant(1) ?? emit.node('Sub', [y, emit.floats([1])]) }
}

/**
 * Z = X^Y, broadcast, of the element type of X (ONNX Pow). dX = dZ·Y·X^(Y − 1), dY = dZ·Z·ln X, 0 for X = 0 (where it is for Y > 0); no number
 * for X < 0, where powers exist for single exponents only.
 */
export const pow = binary('Pow', {
  forward: (x, y, type) => (isInteger(type) ? Math.trunc(x ** y) : x ** y),
  cost: { others: 1 },
})

export const powTraining: TrainingOf<typeof pow> = {
  backward: (given) =>
    binaryBackward(given, (dz, call) => {
      const { mul, of, positive } = algebra(call.emit)
      const [x] = call.node.inputs as [string, string]
      const [z] = call.node.outputs as [string]
      const { y, less } = exponents(call)
      const power = () => (contentOf(call, 1)?.every((v) => v === 2) ? x : call.emit.node('Pow', [x, less()]))
      return [() => mul(dz, mul(y, power())), () => mul(dz, positive(of('Abs', x), mul(z, of('Log', x)), 0))]
    }),
}
