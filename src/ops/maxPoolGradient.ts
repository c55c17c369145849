import { elementCount } from '../base/index.ts'
import { defineOperator, type ReferenceOf } from './operator.ts'
import { commonType, required, typed } from './shared/check.ts'
import { arithmetic, doubles } from './shared/numbers.ts'
import { checkPooled, poolAttributes, windowReduction } from './shared/pool.ts'
import { eachWindow, placeOfMaximum } from './shared/pool-forward.ts'

/*
 * dX[n,c,q] = Σ dY[n,c,p] over the windows p whose maximum is X[n,c,q], the first one where there are several
 *
 * The gradient of MaxPool (and of GlobalMaxPool, with one window). Inputs dY [N, C, pooled…], X [N, C, spatial…]; attributes as MaxPool. In
 * training graphs only.
 */

/** Cost: the comparisons of MaxPool again, and one addition per window. */
export const maxPoolGradient = defineOperator({
  name: 'MaxPoolGradient',
  domain: 'ai.kerf',
  inputs: ['dY [N, C, _, …]', 'X [N, C, _, …]'],
  attributes: poolAttributes,
  infer: (call) => {
    const { shape } = required(call, 1)
    checkPooled(call, shape)
    return [typed(commonType(call, [0, 1], 'floating'), shape)]
  },
  cost: (call) => {
    const { taps } = windowReduction(call)
    const outputs = elementCount(call.inputs[0]?.shape)!
    return { others: outputs * taps, adds: outputs }
  },
})

export const maxPoolGradientReference: ReferenceOf<typeof maxPoolGradient> = {
  forward: (call, [dy, x]) => {
    if (!dy || !x) return []
    const data = new Float64Array(x.data.length)
    const source = doubles(x).data
    eachWindow(call, x.shape, (covered, at) => {
      const place = placeOfMaximum(source, covered)
      if (covered.count > 0) data[place] = data[place]! + dy.data[at]!
    })
    return [arithmetic(x.elementType, { shape: x.shape, data })]
  },
}
