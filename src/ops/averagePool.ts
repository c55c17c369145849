import { defineOperator, type ReferenceOf, type TrainingOf } from './operator.ts'
import { gradientOf, shapeIn } from './shared/backward.ts'
import { required, typed } from './shared/check.ts'
import { arithmetic } from './shared/numbers.ts'
import { averageCost, poolAttributes, poolShape, resolvedWindow, windowReduction } from './shared/pool.ts'
import { poolWindows } from './shared/pool-forward.ts'
import { amongInputAndZero } from './shared/range-rules.ts'

/**
 * Y[n,c,p] = mean over the window of X[n,c] (ONNX AveragePool, opset 1, 7 with count_include_pad, 10 with ceil_mode, 11, 19 with
 * dilations, 22). Cost per output: one addition per tap (padding included), one division.
 */
export const averagePool = defineOperator({
  name: 'AveragePool',
  inputs: ['X'],
  attributes: poolAttributes,
  infer: (call) => [typed(required(call, 0).elementType, poolShape(call))],
  cost: (call) => averageCost(windowReduction(call)),
  range: amongInputAndZero,
})

export const averagePoolReference: ReferenceOf<typeof averagePool> = {
  forward: (call, [x]) => {
    if (!x) return []
    const y = poolWindows(call, x.shape, ({ places, count, padded }) => {
      let sum = 0
      for (let i = 0; i < count; i++) sum += x.data[places[i]!]!
      return sum / (count + (call.attributes.countIncludePad ? padded : 0))
    })
    return [arithmetic(x.elementType, y)]
  },
}

export const averagePoolTraining: TrainingOf<typeof averagePool> = {
  backward: (call) => {
    const { countIncludePad } = call.attributes
    return [
      call.emit.node(
        'AveragePoolGradient',
        [gradientOf(call)],
        { ...resolvedWindow(call), count_include_pad: countIncludePad ? 1 : 0, input_shape: shapeIn(call, 0) },
        'ai.kerf',
      ),
    ]
  },
}
