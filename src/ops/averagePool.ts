import { elementCount } from '../base/index.ts'
import { defineOperator, type ReferenceOf, type TrainingOf } from './operator.ts'
import { gradientOf, shapeIn } from './shared/backward.ts'
import { required, typed, wrong } from './shared/check.ts'
import { arithmetic } from './shared/numbers.ts'
import {
  averageCost,
  checkPooled,
  type PoolAttributes,
  poolAttributes,
  poolShape,
  resolvedWindow,
  windowReduction,
} from './shared/pool.ts'
import { eachWindow, poolWindows } from './shared/pool-forward.ts'
import { amongInputAndZero } from './shared/range-rules.ts'

/**
 * Y[n,c,p] = mean over the window of X[n,c] (ONNX AveragePool, opset 1, 7 with count_include_pad, 10 with ceil_mode, 11, 19 with
 * dilations, 22). Cost per output: one addition per tap (padding included), one division.
 */
export const averagePool = defineOperator({
  name: 'AveragePool',
  inputs: ['X: floating'],
  attributes: poolAttributes,
  infer: (call) => [typed(required(call, 0).elementType, poolShape(call, call.attributes.countIncludePad))],
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

/*
 * dX[n,c,q] = Σ dY[n,c,p] / (elements that the window p averages) over the windows p that cover q
 *
 * The gradient of AveragePool. Input dY [N, C, pooled…]; attributes as AveragePool, and `input_shape`, the shape of X, which is not needed itself.
 * In training graphs only.
 */

export interface AveragePoolGradientAttributes extends PoolAttributes {
  readonly inputShape: readonly number[] | undefined
}

/** Cost: one division per window, one addition per tap. */
export const averagePoolGradient = defineOperator({
  name: 'AveragePoolGradient',
  domain: 'ai.kerf',
  inputs: ['dY: floating [N, C, _, …]'],
  attributes: (a, opset): AveragePoolGradientAttributes => ({
    ...poolAttributes(a, opset),
    inputShape: a.ints('input_shape'),
  }),
  infer: (call) => {
    const { inputShape } = call.attributes
    if (!inputShape) throw wrong(call, 'attribute input_shape is missing')
    checkPooled(call, inputShape)
    return [typed(required(call, 0).elementType, inputShape)]
  },
  cost: (call) => {
    const { taps } = windowReduction(call)
    const outputs = elementCount(call.inputs[0]?.shape)!
    return { adds: outputs * taps, others: outputs }
  },
})

export const averagePoolGradientReference: ReferenceOf<typeof averagePoolGradient> = {
  forward: (call, [dy]) => {
    const { inputShape, countIncludePad } = call.attributes
    if (!dy || !inputShape) return []
    const data = new Float64Array(elementCount(inputShape)!)
    eachWindow(call, inputShape, ({ places, count, padded }, at) => {
      const part = dy.data[at]! / (count + (countIncludePad ? padded : 0))
      for (let i = 0; i < count; i++) data[places[i]!] = data[places[i]!]! + part
    })
    return [arithmetic(dy.elementType, { shape: inputShape, data })]
  },
}
