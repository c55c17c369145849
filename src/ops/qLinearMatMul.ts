import { elementCount } from '../base/index.ts'
import { defineOperator, type ReferenceOf } from './operator.ts'
import { required, sameShape, typed, wrong } from './shared/check.ts'
import { productCost, productLaw, productShape } from './shared/matrix.ts'
import { perRow, product } from './shared/matrix-forward.ts'
import { shifted } from './shared/numbers.ts'
import { requantisationCost, sumOf } from './shared/quantised.ts'
import { requantised } from './shared/quantised-forward.ts'

/*
 * y = saturate(round((a − a_zp)·(b − b_zp) · a_scale·b_scale/y_scale) + y_zp)        (ONNX QLinearMatMul, opset 10, 21)
 *
 * Inputs 0 a, 1 a_scale, 2 a_zero_point, 3 b, 4 b_scale, 5 b_zero_point, 6 y_scale, 7 y_zero_point; scales and zero points are scalars
 * or have one entry per row of a and y, per column of b.
 */
const operands = { a: 0, b: 3 }

/** Cost: the integer product (zero points fold into constants), then `requantisationCost` per output. */
export const qLinearMatMul = defineOperator({
  name: 'QLinearMatMul',
  inputs: [
    'a: whole',
    'a_scale: floating',
    'a_zero_point: =a',
    'b: whole',
    'b_scale: =a_scale',
    'b_zero_point: =b',
    'y_scale: =a_scale',
    'y_zero_point: whole',
  ],
  infer: (call) => {
    // Of more dimensions they broadcast.
    for (const [i, size] of [
      [1, call.inputs[0]?.shape?.at(-2)],
      [2, call.inputs[0]?.shape?.at(-2)],
      [4, call.inputs[3]?.shape?.at(-1)],
      [5, call.inputs[3]?.shape?.at(-1)],
    ] as const) {
      const shape = call.inputs[i]?.shape
      if (shape?.length === 1 && !(shape[0] === 1 || size === undefined || sameShape(shape, [size])))
        throw wrong(call, `input ${i} is [${shape}], where one element or [${size}] is needed`)
    }
    return [typed(required(call, 7).elementType, productShape(call, operands))]
  },
  cost: (call) => sumOf(productCost(call, operands), requantisationCost(elementCount(call.outputs[0]?.shape)!)),
  law: (call) => productLaw(call, operands),
  parameters: [0, 3],
  fusion: 'anchor',
})

export const qLinearMatMulReference: ReferenceOf<typeof qLinearMatMul> = {
  forward: (call, [a, aScale, aZero, b, bScale, bZero, yScale, yZero]) => {
    if (!a || !aScale || !b || !bScale || !yScale || !yZero) return []
    const sums = product(call, operands, shifted(a, perRow(aZero)), shifted(b, bZero))
    const scales = { a: perRow(aScale)!, b: bScale, out: perRow(yScale)! }
    return [requantised(sums, scales, perRow(yZero)!)]
  },
}
