import { elementCount } from '../../base/index.ts'
import { mixes } from '../channel-rules.ts'
import { required, typed } from '../check.ts'
import { defineOperator } from '../operator.ts'
import { quantisationCost, sumOf } from '../quantised.ts'

/**
 * Quantises X to uint8 over its own range; outputs y, scale and zero point, both scalars (ONNX DynamicQuantizeLinear, opset 11).
 * Cost: two comparisons per element for the range, then as QuantizeLinear.
 */
export const dynamicQuantizeLinear = defineOperator<void>({
  name: 'DynamicQuantizeLinear',
  domain: '',
  attributes: () => undefined,
  infer: (call) => [typed('uint8', required(call, 0).shape), typed('float32', []), typed('uint8', [])],
  cost: (call) => {
    const n = elementCount(call.outputs[0]?.shape) as number
    return sumOf({ others: 2 * n }, quantisationCost(n, true))
  },
  channels: mixes('the scale is taken from the range of all channels'),
})
