import { elementCount } from '../base/index.ts'
import type { AttributeReader, Call, Known } from '../graph/index.ts'
import { type Difference, differences } from './adderConv/backward.ts'
import { type ConvAttributes, convAttributes } from './conv/attributes.ts'
import { convShape } from './conv/conv.ts'
import { defineOperator, type ReferenceOf } from './operator.ts'
import { checkShape, commonType, required, typed, wrong } from './shared/check.ts'
import { arithmetic, type Doubles, doubles } from './shared/numbers.ts'
import { slidingOf, tapTable } from './shared/sliding.ts'
import { slide } from './shared/window.ts'

/*
 * dW[o,c,t] = Σ_{n,p} dY[n,o,p] · X[n, q(o)·C_in/g + c, p·stride + t·dilation − pad]
 *
 * The gradient of a convolution's weight. X [N, C_in, spatial…], dY [N, C_out, spatial…], dW [C_out, C_in/g, kernel…]; attributes as Conv,
 * kernel_shape given. Kerf's own operator: it stands in training graphs only.
 */

/** Shape of dW from X and dY. */
export function weightShape(call: Call<ConvAttributes>, x: number, dy: number): readonly number[] {
  const { window, groups } = call.attributes
  const channels = (i: number) => required(call, i).shape?.[1] as number
  if (!window.kernelShape) throw wrong(call, 'attribute kernel_shape is missing')
  return [channels(dy), channels(x) / groups, ...window.kernelShape]
}

/** What a convolution of X by weights of dW's shape puts out. */
function outputOf(call: Call<ConvAttributes>, weights: readonly (number | string | undefined)[]): Known['shape'] {
  const x = required(call, 0).shape
  return (
    x && [
      x[0]!,
      weights[0] as number,
      ...slide(call, call.attributes.window, weights.slice(2) as number[], x.slice(2)).output,
    ]
  )
}

/** Calls `visit` for every element of X that a tap of an output position reads, with flat indices into X, dY and dW. */
export function forEachTap(
  call: Call<ConvAttributes>,
  sizes: { readonly x: readonly number[]; readonly dy: readonly number[]; readonly w: readonly number[] },
  visit: (x: number, dy: number, w: number) => void,
): void {
  const { window, groups } = call.attributes
  const [batch, inChannels, ...space] = sizes.x as [number, number, ...number[]]
  const [outChannels, groupChannels, ...kernelShape] = sizes.w as [number, number, ...number[]]
  const table = tapTable(slidingOf(call, window, kernelShape, space))
  const taps = elementCount(kernelShape)!
  const size = elementCount(space)!
  const positions = table.length / taps
  for (let n = 0; n < batch; n++)
    for (let o = 0; o < outChannels; o++) {
      const first = Math.floor(o / (outChannels / groups)) * groupChannels
      for (let p = 0; p < positions; p++)
        for (let c = 0; c < groupChannels; c++)
          for (let t = 0; t < taps; t++) {
            const at = table[p * taps + t]!
            // −1 for padding, which is 0
            const from = at < 0 ? -1 : (n * inChannels + first + c) * size + at
            visit(from, (n * outChannels + o) * positions + p, (o * groupChannels + c) * taps + t)
          }
    }
}

function forward(call: Call<ConvAttributes>, x: Doubles, dy: Doubles): Doubles {
  const shape = weightShape(call, 0, 1)
  const data = new Float64Array(elementCount(shape)!)
  forEachTap(call, { x: x.shape, dy: dy.shape, w: shape }, (from, at, to) => {
    if (from >= 0) data[to] = data[to]! + dy.data[at]! * x.data[from]!
  })
  return { shape, data }
}

/** Cost: one multiply–accumulate per tap and output position, as the convolution itself. */
export const convWeightGradient = defineOperator({
  name: 'ConvWeightGradient',
  domain: 'ai.kerf',
  inputs: ['X: floating [N, C, _, …]', 'dY: floating [N, M, _, …]'],
  attributes: convAttributes,
  infer: (call) => {
    const shape = weightShape(call, 0, 1)
    checkShape(call, 1, outputOf(call, shape))
    return [typed(commonType(call, [0, 1]), shape)]
  },
  cost: (call) => {
    const [, groupChannels, ...kernelShape] = weightShape(call, 0, 1)
    const macs = elementCount(call.inputs[1]?.shape)! * groupChannels! * elementCount(kernelShape)!
    return { macs, muls: macs, adds: macs, accumulators: elementCount(call.outputs[0]?.shape)! }
  },
})

export const convWeightGradientReference: ReferenceOf<typeof convWeightGradient> = {
  forward: (call, [x, dy]) => (x && dy ? [arithmetic(x.elementType, forward(call, doubles(x), doubles(dy)))] : []),
}

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
  inputs: ['dY: floating', 'X: floating [N, C, _, …]', 'W: floating [M, …]'],
  attributes: convAttributes,
  infer: (call) => {
    checkShape(call, 0, convShape(call, 2, 1))
    return [typed(commonType(call, [0, 1, 2]), required(call, 2).shape)]
  },
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
  inputs: ['dY: floating', 'X: floating [N, C, _, …]', 'W: floating [M, …]'],
  attributes: (a: AttributeReader) => ({
    ...convAttributes(a),
    difference: a.choice<Difference>('difference', ['clip', 'full', 'sign'], 'clip'),
  }),
  infer: (call) => {
    if (!differences.includes(call.attributes.difference))
      throw wrong(call, `attribute difference is "${call.attributes.difference}", there are ${differences.join(', ')}`)
    checkShape(call, 0, convShape(call, 2, 1))
    return [typed(commonType(call, [0, 1, 2]), required(call, 1).shape)]
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
