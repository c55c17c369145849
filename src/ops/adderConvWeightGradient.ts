import { elementCount } from '../base/index.ts'
import { convAttributes } from './conv/attributes.ts'
import { forEachTap } from './convWeightGradient.ts'
import { defineOperator, type ReferenceOf } from './operator.ts'
import { commonType, required, typed } from './shared/check.ts'
import { arithmetic, doubles } from './shared/numbers.ts'

/*
 * dW[o,c,t] = Σ_{n,p} dY[n,o,p] · sgn(X[n,c,p,t] − W[o,c,t])
 *
 * The derivative of AdderConv's output with respect to its weight, away from X = W. Inputs dY, X, W; attributes as Conv. In training graphs only;
 * the full-precision surrogate needs no operator of its own.
 */

/** Cost: a comparison and an addition per tap and output position. */
export const adderConvWeightGradient = defineOperator({
  name: 'AdderConvWeightGradient',
  domain: 'ai.kerf',
  inputs: ['dY', 'X [N, C, _, …]', 'W [M, …]'],
  attributes: convAttributes,
  infer: (call) => [typed(commonType(call, [0, 1, 2], 'floating'), required(call, 2).shape)],
  cost: (call) => {
    const [outputs, [, groupChannels, ...kernelShape]] = [
      elementCount(call.inputs[0]?.shape)!,
      required(call, 2).shape as [number, number, ...number[]],
    ]
    const terms = outputs * groupChannels * elementCount(kernelShape)!
    return { adds: terms, others: terms, accumulators: elementCount(call.outputs[0]?.shape)! }
  },
})

export const adderConvWeightGradientReference: ReferenceOf<typeof adderConvWeightGradient> = {
  forward: (call, [dy, x, w]) => {
    if (!dy || !x || !w) return []
    const [g, a, b] = [doubles(dy), doubles(x), doubles(w)]
    const data = new Float64Array(b.data.length)
    forEachTap(call, { x: x.shape, dy: dy.shape, w: w.shape }, (from, at, to) => {
      const difference = (from < 0 ? 0 : a.data[from]!) - b.data[to]!
      data[to] = data[to]! + g.data[at]! * Math.sign(difference)
    })
    return [arithmetic(w.elementType, { shape: w.shape, data })]
  },
}
