import { elementCount } from '../base/index.ts'
import type { AttributeReader } from '../graph/index.ts'
import { type Difference, differences } from './adderConv/backward.ts'
import { type ConvAttributes, convAttributes } from './conv/attributes.ts'
import { forEachTap } from './convWeightGradient.ts'
import { defineOperator, type ReferenceOf } from './operator.ts'
import { commonType, required, typed, wrong } from './shared/check.ts'
import { arithmetic, doubles } from './shared/numbers.ts'

/*
 * dX[n,c,q] = Σ_{o,p,t : p·stride + t·dilation − pad = q} dY[n,o,p] · f(W[o,c,t] − X[n,c,q])
 *
 * The gradient of AdderConv's input. f clips to [−1, 1] (HardTanh, AdderNet section 3.2), takes the full difference, or its sign (the
 * derivative). Inputs dY, X, W; attributes as Conv, and `difference`: clip (default), full, sign. In training graphs only.
 */

export interface AdderConvInputGradientAttributes extends ConvAttributes {
  readonly difference: Difference
}

const functions: Readonly<Record<Difference, (difference: number) => number>> = {
  clip: (d) => Math.min(1, Math.max(-1, d)),
  full: (d) => d,
  sign: Math.sign,
}

/** Cost: subtraction, two comparisons (clip; one for sign), multiplication and addition per tap and output position. */
export const adderConvInputGradient = defineOperator({
  name: 'AdderConvInputGradient',
  domain: 'ai.kerf',
  inputs: ['dY', 'X [N, C, _, …]', 'W [M, …]'],
  attributes: (a: AttributeReader) => ({
    ...convAttributes(a),
    difference: a.choice<Difference>('difference', ['clip', 'full', 'sign'], 'clip'),
  }),
  infer: (call) => {
    if (!differences.includes(call.attributes.difference))
      throw wrong(call, `attribute difference is "${call.attributes.difference}", there are ${differences.join(', ')}`)
    return [typed(commonType(call, [0, 1, 2], 'floating'), required(call, 1).shape)]
  },
  cost: (call) => {
    const outputs = elementCount(call.inputs[0]?.shape)!
    const [, groupChannels, ...kernelShape] = required(call, 2).shape as [number, number, ...number[]]
    const terms = outputs * groupChannels * elementCount(kernelShape)!
    const comparisons = { clip: 2, full: 0, sign: 1 }[call.attributes.difference]
    return { muls: terms, adds: 2 * terms, others: comparisons * terms }
  },
})

export const adderConvInputGradientReference: ReferenceOf<typeof adderConvInputGradient> = {
  forward: (call, [dy, x, w]) => {
    if (!dy || !x || !w) return []
    const [g, a, b] = [doubles(dy), doubles(x), doubles(w)]
    const f = functions[call.attributes.difference]
    const data = new Float64Array(a.data.length)
    forEachTap(call, { x: x.shape, dy: dy.shape, w: w.shape }, (from, at, tap) => {
      if (from < 0) return
      const difference = b.data[tap]! - a.data[from]!
      data[from] = data[from]! + g.data[at]! * f(difference)
    })
    return [arithmetic(x.elementType, { shape: x.shape, data })]
  },
}
