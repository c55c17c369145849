import { elementCount, isInteger, roundTiesToEven } from '../base/index.ts'
import { defineOperator, type ReferenceOf, type TrainingOf } from './operator.ts'
import { asElement } from './shared/as-element.ts'
import { required, typed } from './shared/check.ts'
import { mapped } from './shared/moved.ts'
import {
  checkGranularity,
  granularity,
  outputType,
  quantisationAttributes,
  quantisationAxis,
  quantisationCost,
  scaleOfAll,
} from './shared/quantised.ts'
import { quantiseBackward } from './shared/quantised-backward.ts'
import { saturate } from './shared/quantised-forward.ts'

/**
 * y = saturate(round(x / scale) + zeroPoint), ties to even (ONNX QuantizeLinear, opset 10, 13 with axis, 19, 21 with blocks, 23 … 25).
 * Element type of y: the zero point's, else output_dtype, else uint8. Cost: see `quantisationCost`.
 */
export const quantizeLinear = defineOperator({
  name: 'QuantizeLinear',
  inputs: ['x: floating|int32', 'y_scale: floating', 'y_zero_point?: whole|narrow'],
  attributes: quantisationAttributes,
  infer: (call) => {
    const { shape } = required(call, 0)
    checkGranularity(call)
    return [typed(call.inputs[2]?.elementType ?? outputType(call) ?? 'uint8', shape)]
  },
  surrogate: true,
  cost: (call) => quantisationCost(elementCount(call.outputs[0]?.shape)!, call.inputs[2] !== undefined),
  codes: { role: 'makes', scale: scaleOfAll },
})

export const quantizeLinearReference: ReferenceOf<typeof quantizeLinear> = {
  forward: (call, [x, scale, zeroPoint]) => {
    const type = zeroPoint?.elementType ?? outputType(call) ?? 'uint8'
    // Numbers of the 8- and 4-bit floating-point types are not made here.
    if (!x || !scale || !isInteger(type)) return []
    const at = granularity(x, scale, quantisationAxis(call), call.attributes.blockSize)
    const code = (v: number, i: number) => {
      const steps = roundTiesToEven(asElement(x.elementType, v / scale.data[at(i)]!))
      return saturate(type, steps + (zeroPoint ? zeroPoint.data[at(i)]! : 0))
    }
    return [mapped(x, code, type)]
  },
}

export const quantizeLinearTraining: TrainingOf<typeof quantizeLinear> = {
  backward: quantiseBackward,
}
