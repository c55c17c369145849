import { elementCount } from '../base/index.ts'
import { defineOperator, type TrainingOf } from './operator.ts'
import { required, typed } from './shared/check.ts'
import { mapped } from './shared/moved.ts'
import {
  checkGranularity,
  granularity,
  outputType,
  quantisationAttributes,
  quantisationAxis,
  scaleOfAll,
} from './shared/quantised.ts'
import { dequantiseBackward } from './shared/quantised-backward.ts'

/**
 * y = (x − zeroPoint) · scale (ONNX DequantizeLinear, opset 10, 13 with axis, 19, 21 with blocks, 23 with output_dtype, 24, 25). Element
 * type of y: output_dtype, else the scale's. Cost per element: one multiplication, and a subtraction where a zero point is given.
 */
export const dequantizeLinear = defineOperator({
  name: 'DequantizeLinear',
  inputs: ['x: whole|narrow', 'x_scale: floating|narrow', 'x_zero_point?: =x'],
  attributes: quantisationAttributes,
  infer: (call) => {
    const { shape } = required(call, 0)
    const scale = required(call, 1)
    checkGranularity(call)
    return [typed(outputType(call) ?? scale.elementType, shape)]
  },
  forward: (call, [x, scale, zeroPoint]) => {
    if (!x || !scale) return []
    const at = granularity(x, scale, quantisationAxis(call), call.attributes.blockSize)
    const type = outputType(call) ?? scale.elementType
    return [mapped(x, (v, i) => (v - (zeroPoint ? zeroPoint.data[at(i)]! : 0)) * scale.data[at(i)]!, type)]
  },
  surrogate: true,
  straightThrough: [0],
  cost: (call) => {
    const n = elementCount(call.outputs[0]?.shape)!
    return { adds: call.inputs[2] ? n : 0, muls: n }
  },
  parameters: [0],
  codes: { role: 'reads', scale: scaleOfAll },
})

export const dequantizeLinearTraining: TrainingOf<typeof dequantizeLinear> = {
  backward: dequantiseBackward,
}
