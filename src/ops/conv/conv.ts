import { elementCount, unknownDim } from '../../base/index.ts'
import type {
  AttributeReader,
  Call,
  ChannelRule,
  Cut,
  Dense,
  InferredCall,
  Known,
  Ties,
  Track,
} from '../../graph/index.ts'
import { defineOperator, type ReferenceOf, type TrainingOf } from '../operator.ts'
import { commonType, required, typed, wrong } from '../shared/check.ts'
import { convolutionLaw, type LayerLaw } from '../shared/laws.ts'
import { arithmetic, doubles } from '../shared/numbers.ts'
import { slide, type Window, windowAttributes } from '../shared/window.ts'
import { convBackward } from './backward.ts'
import { addBias, type Combine, convolve, dotProduct } from './forward.ts'

/*
 * Y[n,o,p] = B[o] + Σ_{c,t} W[o,c,t] · X[n, q(o)·C_in/g + c, p·stride + t·dilation − pad]        (ONNX Conv, opset 1, 11, 22)
 *
 * X [N, C_in, spatial…], W [C_out, C_in/g, kernel…], B [C_out], Y [N, C_out, spatial…]; q(o) is the group of output channel o.
 */

export interface ConvAttributes {
  readonly window: Window
  readonly groups: number
}

/** All attributes that Conv has. */
export const convAttributeNames = ['auto_pad', 'dilations', 'group', 'kernel_shape', 'pads', 'strides']

export const convAttributes = (a: AttributeReader): ConvAttributes => ({
  window: windowAttributes(a),
  groups: a.int('group', 1),
})

/** Shape of a convolution's output from X at input 0 and W at input `weight`. */
export function convShape(call: Call<ConvAttributes>, weight: number): Known['shape'] {
  const x = required(call, 0).shape
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
      `Check what makes "${call.node.inputs[0]}".`,
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
export function convSizes(
  call: InferredCall<ConvAttributes>,
  weight: number,
): { P: number; K: number; C_in: number; C_out: number; g: number } {
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
    return {
      macs: law.macs.evaluate(sizes),
      muls: law.muls.evaluate(sizes),
      adds: law.adds.evaluate(sizes) + (call.inputs[bias] ? outputs : 0),
      accumulators: outputs,
    }
  }
}

/** Every group has one input channel: output channel m·c + i is made of input channel c alone. */
export const isDepthwise = (groups: number, inChannels: number): boolean => groups > 1 && groups === inChannels

export function convFusion(weight: number) {
  return (call: InferredCall<ConvAttributes>) => {
    const { g, C_in, K } = convSizes(call, weight)
    return isDepthwise(g, C_in) ? 'depthwise' : g === 1 && K === 1 ? 'pointwise' : 'anchor'
  }
}

/** What the output has beside the channels of axis 1. */
type OtherTracks = (call: InferredCall<ConvAttributes>, ties: Ties) => Track[]

/**
 * Channels that lie on an axis of space, as in ECA's gate. A window of 1 leaves them to themselves; a longer one mixes neighbours, which change when some
 * go. They pass where the output has a place for each.
 */
const slidChannels: OtherTracks = (call, ties) => {
  const [from = [], window = [], to = []] = [call.inputs[0], call.inputs[1], call.outputs[0]].map((v) => v?.shape)
  return from.flatMap((size, axis): Track[] => {
    const stride = call.attributes.window.strides?.[axis - 2] ?? 1
    if (axis < 2 || stride !== 1 || size !== to[axis] || !ties.isTracked(0, axis)) return []
    const labels = ties.labels(0, axis)
    if (window[axis] !== 1) ties.changes(labels, `Conv mixes neighbouring channels on axis ${axis}`)
    return [{ axes: [axis], labels }]
  })
}

function tieConv(
  call: InferredCall<ConvAttributes>,
  ties: Ties,
  weight: number,
  perOutput: readonly number[],
  others: OtherTracks,
): void {
  const { groups } = call.attributes
  if (!ties.isWeight(weight)) {
    ties.freezeInputs('its weight depends on the input')
    ties.refuse('filter', call.outputs[0]?.shape?.[1] as number, 'its weight depends on the input')
    return
  }
  const input = ties.labels(0, 1)
  const output = ties.labels(weight, 0)
  ties.root(weight, 0, 'filter', { follows: isDepthwise(groups, input.length) })
  for (const i of perOutput) {
    const shape = call.inputs[i]?.shape
    // A single number for all outputs stays.
    if (shape?.length === 1 && shape[0] === output.length) ties.unite(output, ties.labels(i, 0))
  }
  if (isDepthwise(groups, input.length)) {
    const multiplier = output.length / groups
    ties.unite(
      output,
      output.map((_, o) => input[Math.floor(o / multiplier)]!),
    )
  } else if (groups > 1) {
    ties.groupedAxis(weight, { rows: 0, axis: 1, groups, labels: input })
    ties.balance(input, groups, `its ${groups} groups must keep equally many inputs`)
    ties.balance(output, groups, `its ${groups} groups must keep equally many outputs`)
  } else {
    ties.unite(input, ties.labels(weight, 1))
  }
  ties.setOutput(0, [{ axes: [1], labels: output }, ...others(call, ties)])
}

function cutConv(call: InferredCall<ConvAttributes>, cut: Cut): void {
  const { groups } = call.attributes
  const inChannels = call.inputs[0]?.shape?.[1] as number
  const kept = cut.keptInput(0, 1)
  if (kept && isDepthwise(groups, inChannels)) cut.setInt('group', kept.length)
}

/** Inputs x, w and an optional bias. */
export const convForward = (
  call: Call<ConvAttributes>,
  [x, w, bias]: readonly (Dense | undefined)[],
  combine: Combine,
): Dense[] =>
  x && w ? [arithmetic(x.elementType, addBias(convolve(call, doubles(x), doubles(w), combine), bias?.data))] : []

/** What makes a channel of a layer 0: its weight, input 1, and its bias, input 2, where there is one. */
export const weightAndBias = (call: InferredCall): number[][] => [call.inputs[2] ? [1, 2] : [1]]

/**
 * @param perOutput inputs with one entry per output channel (or one for all): bias, scales and zero points of the weight
 * @param others what becomes of channels on other axes than 1; left out, they stay
 */
export function convChannels(
  weight: number,
  perOutput: readonly number[],
  others: OtherTracks = () => [],
): ChannelRule<ConvAttributes> {
  return { tie: (call, ties) => tieConv(call, ties, weight, perOutput, others), cut: cutConv }
}

export const conv = defineOperator({
  name: 'Conv',
  domain: '',
  attributes: convAttributes,
  infer: (call) => [typed(commonType(call, [0, 1, 2], 'floating'), convShape(call, 1))],
  cost: convCost(convolutionLaw, 1, 2),
  parameters: [1, 2],
  fusion: convFusion(1),
  channels: { ...convChannels(1, [2], slidChannels), zeros: weightAndBias },
})

export const convReference: ReferenceOf<typeof conv> = {
  forward: (call, inputs) => convForward(call, inputs, dotProduct),
}

export const convTraining: TrainingOf<typeof conv> = {
  backward: convBackward,
}
