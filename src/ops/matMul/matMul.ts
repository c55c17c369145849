import { defineOperator, type ReferenceOf, type TrainingOf } from '../operator.ts'
import { commonType, typed } from '../shared/check.ts'
import { productCost, productLaw, productShape } from '../shared/matrix.ts'
import { product } from '../shared/matrix-forward.ts'
import { arithmetic, doubles } from '../shared/numbers.ts'
import { matMulBackward } from './backward.ts'

const operands = { a: 0, b: 1 }

/**
 * Y = A·B, leading axes broadcast (ONNX MatMul, opset 1, 9, 13). Layouts: see `matrix.ts`. Cost: one MAC for each element of Y and each
 * index of the contracted axis. Whichever operand is stored is the weight.
 */
export const matMul = defineOperator({
  name: 'MatMul',
  inputs: ['A: numeric', 'B: numeric'],
  infer: (call) => [typed(commonType(call, [0, 1]), productShape(call, operands))],
  cost: (call) => productCost(call, operands),
  law: (call) => productLaw(call, operands),
  parameters: [0, 1],
  fusion: 'anchor',
})

export const matMulReference: ReferenceOf<typeof matMul> = {
  forward: (call, [a, b]) =>
    a && b ? [arithmetic(a.elementType, product(call, operands, doubles(a), doubles(b)))] : [],
}

export const matMulTraining: TrainingOf<typeof matMul> = {
  backward: matMulBackward,
}
