import { elementCount } from '../base/index.ts'
import { defineOperator, type ReferenceOf } from './operator.ts'
import { commonType, typed, wrong } from './shared/check.ts'
import { arithmetic } from './shared/numbers.ts'
import { checkPooled, type PoolAttributes, poolAttributes, windowReduction } from './shared/pool.ts'
import { eachWindow } from './shared/pool-forward.ts'

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
  inputs: ['dY [N, C, _, …]'],
  attributes: (a, opset): AveragePoolGradientAttributes => ({
    ...poolAttributes(a, opset),
    inputShape: a.ints('input_shape'),
  }),
  infer: (call) => {
    const { inputShape } = call.attributes
    if (!inputShape) throw wrong(call, 'attribute input_shape is missing')
    checkPooled(call, inputShape)
    return [typed(commonType(call, [0], 'floating'), inputShape)]
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
