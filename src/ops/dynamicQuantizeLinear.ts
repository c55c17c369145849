import { elementCount, roundTiesToEven } from '../base/index.ts'
import { defineOperator, type ReferenceOf } from './operator.ts'
import { dense, required, typed } from './shared/check.ts'
import { doubles } from './shared/numbers.ts'
import { quantisationCost, sumOf } from './shared/quantised.ts'
import { saturate } from './shared/quantised-forward.ts'

/*
 * scale = (max(0, x) − min(0, x)) / 255        zeroPoint = saturate(round(−min(0, x) / scale))        y = saturate(round(x / scale) + zeroPoint)
 */

/**
 * Quantises X to uint8 over its own range; outputs y, scale and zero point, both scalars (ONNX DynamicQuantizeLinear, opset 11).
 * Cost: two comparisons per element for the range, then as QuantizeLinear.
 */
export const dynamicQuantizeLinear = defineOperator({
  name: 'DynamicQuantizeLinear',
  inputs: ['x: floating'],
  infer: (call) => [typed('uint8', required(call, 0).shape), typed('float32', []), typed('uint8', [])],
  cost: (call) => {
    const n = elementCount(call.outputs[0]?.shape)!
    return sumOf({ others: 2 * n }, quantisationCost(n, true))
  },
})

export const dynamicQuantizeLinearReference: ReferenceOf<typeof dynamicQuantizeLinear> = {
  forward: (_, [x]) => {
    if (!x) return []
    const values = doubles(x).data
    const least = values.reduce((a, b) => Math.min(a, b), 0)
    const most = values.reduce((a, b) => Math.max(a, b), 0)
    const scale = Math.fround(Math.fround(most - least) / 255)
    // All zeros: any scale serves.
    const quantise = (v: number) => (scale === 0 ? 0 : roundTiesToEven(Math.fround(v / scale)))
    const zeroPoint = saturate('uint8', quantise(-least))
    return [
      dense(
        'uint8',
        x.shape,
        values.map((v) => saturate('uint8', quantise(v) + zeroPoint)),
      ),
      dense('float32', [], [scale]),
      dense('uint8', [], [zeroPoint]),
    ]
  },
}
