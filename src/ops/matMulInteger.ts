import { defineOperator, type ReferenceOf } from './operator.ts'
import { typed } from './shared/check.ts'
import { productCost, productLaw, productShape } from './shared/matrix.ts'
import { perRow, product } from './shared/matrix-forward.ts'
import { arithmetic, shifted } from './shared/numbers.ts'

const operands = { a: 0, b: 1 }

/**
 * Y = (A − a_zero_point)·(B − b_zero_point), 8-bit integers into int32 (ONNX MatMulInteger, opset 10); inputs A, B, a_zero_point (a scalar
 * or one per row), b_zero_point (a scalar or one per column). Counted as the integer product alone: zero points fold into constants.
 */
export const matMulInteger = defineOperator({
  name: 'MatMulInteger',
  inputs: ['A: byte', 'B: byte', 'a_zero_point?: =A', 'b_zero_point?: =B'],
  infer: (call) => [typed('int32', productShape(call, operands))],
  cost: (call) => productCost(call, operands),
  law: (call) => productLaw(call, operands),
  parameters: [0, 1],
  fusion: 'anchor',
})

export const matMulIntegerReference: ReferenceOf<typeof matMulInteger> = {
  forward: (call, [a, b, aZero, bZero]) =>
    a && b ? [arithmetic('int32', product(call, operands, shifted(a, perRow(aZero)), shifted(b, bZero)))] : [],
}
