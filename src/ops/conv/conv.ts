import { elementCount, unknownDim } from '../../base/index.ts'
import type { Call, Dense, InferredCall, Known, NodeLaw } from '../../graph/index.ts'
import { defineOperator, type ReferenceOf, type TrainingOf } from '../operator.ts'
import { commonType, required, typed, wrong } from '../shared/check.ts'
import { convolutionLaw, evaluateLaw, type LawSizes, type LayerLaw } from '../shared/laws.ts'
import { arithmetic, doubles } from '../shared/numbers.ts'
import { slide } from '../shared/window.ts'
import { type ConvAttributes, convAttributes, isDepthwise } from './attributes.ts'
import { convBackward } from './backward.ts'
import { addBias, type Combine, convolve, dotProduct } from './forward.ts'

/*
 * Y[n,o,p] = B[o] + Σ_{c,t} W[o,c,t] · X[n, q(o)·C_in/g + c, p·stride + t·dilation − pad]        (ONNX Conv, opset 1, 11, 22)
 *
 * X [N, C_in, spatial…], W [C_out, C_in/g, kernel…], B [C_out], Y [N, C_out, spatial…]; q(o) is the group of output channel o.
 */

/** Shape of a convolution's output from X at input 0 and W at input `weight`. */
export function convShape(call: Call<ConvAttributes>, weight: number, input = 0): Known['shape'] {
  const x = required(call, input).shape
  const w = required(call, weight).shape
  const { groups, window } = call.attributes
  if (!x || !w) return undefined
  if (x.length < 3 || w.length !== x.length)
    throw wrong(call, `x has ${x.length} dimensions and w ${w.length}; both need batch, channels and space`)
  const [outChannels, groupChannels] = w
  if (typeof outChannels === 'number' && outChannels % groups !== 0)
    throw wrong(call, `${outChannels} output channels do not divide into ${groups} groups`)
  if (typeof x[1] === 'number' && typeof groupChannels === 'number' && x[1] !== groupChannels * groups)
    throw wrong(
      call,
      `${x[1]} input channels ≠ weight ${groupChannels} × groups ${groups}`,
      `Check what makes "${call.node.inputs[input]}".`,
    )
  const kernelShape = window.kernelShape ?? w.slice(2)
  if (!kernelShape.every((k) => typeof k === 'number'))
    return [x[0] ?? 1, outChannels ?? 1, ...x.slice(2).map(() => unknownDim())]
  kernelShape.forEach((k, i) => {
    if (typeof w[i + 2] === 'number' && w[i + 2] !== k)
      throw wrong(call, `kernel_shape [${kernelShape}] ≠ the weight's [${w.slice(2)}]`)
  })
  return [x[0] ?? 1, outChannels ?? 1, ...slide(call, window, kernelShape as number[], x.slice(2)).output]
}

/** The sizes that the laws of `laws.ts` speak of. */
export function convSizes(call: InferredCall<ConvAttributes>, weight: number): LawSizes {
  const x = call.inputs[0]?.shape as readonly number[]
  const w = call.inputs[weight]?.shape as readonly number[]
  const y = call.outputs[0]?.shape as readonly number[]
  return {
    P: y[0]! * elementCount(y.slice(2))!,
    K: elementCount(w.slice(2))!,
    C_in: x[1]!,
    C_out: y[1]!,
    g: call.attributes.groups,
  }
}

export function convCost(law: LayerLaw, weight: number, bias: number) {
  return (call: InferredCall<ConvAttributes>) => {
    const sizes = convSizes(call, weight)
    const outputs = sizes.P * sizes.C_out
    const { adds, ...products } = evaluateLaw(law, sizes)
    return { ...products, adds: adds + (call.inputs[bias] ? outputs : 0), accumulators: outputs }
  }
}

/** The formulas that it evaluates. */
export function convLaw(law: LayerLaw, weight: number) {
  return (call: InferredCall<ConvAttributes>): NodeLaw => {
    const [w, y] = [call.inputs[weight], call.outputs[0]].map((v) => v?.shape as readonly number[])
    return { ...convSizes(call, weight), law, positions: y!.toSpliced(1, 1), kernel: w!.slice(2) }
  }
}

export function convFusion(weight: number) {
  return (call: InferredCall<ConvAttributes>) => {
    const { g, C_in, K } = convSizes(call, weight)
    return isDepthwise(g, C_in) ? 'depthwise' : g === 1 && K === 1 ? 'pointwise' : 'anchor'
  }
}

/** Inputs x, w and an optional bias. */
export const convForward = (
  call: Call<ConvAttributes>,
  [x, w, bias]: readonly (Dense | undefined)[],
  combine: Combine,
): Dense[] =>
  x && w ? [arithmetic(x.elementType, addBias(convolve(call, doubles(x), doubles(w), combine), bias?.data))] : []

export const conv = defineOperator({
  name: 'Conv',
  inputs: ['X: floating [N, C, _, …]', 'W: floating [M, …]', 'B?: floating [M]'],
  attributes: convAttributes,
  infer: (call) => [typed(commonType(call, [0, 1, 2]), convShape(call, 1))],
  cost: convCost(convolutionLaw, 1, 2),
  law: convLaw(convolutionLaw, 1),
  parameters: [1, 2],
  fusion: convFusion(1),
})

export const convReference: ReferenceOf<typeof conv> = {
  forward: (call, inputs) => convForward(call, inputs, dotProduct),
}

export const convTraining: TrainingOf<typeof conv> = {
  backward: convBackward,
}
