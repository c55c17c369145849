import { elementCount } from '../../base/index.ts'
import type { Call, InferredCall } from '../../graph/index.ts'
import { convChannels, cutConv } from '../conv/channels.ts'
import { convCost, convLaw, convShape } from '../conv/conv.ts'
import { addBias } from '../conv/forward.ts'
import { type ChannelsOf, defineOperator, type ReferenceOf, type TrainingOf } from '../operator.ts'
import { commonType, required, typed, wrong } from '../shared/check.ts'
import { convolutionLaw } from '../shared/laws.ts'
import { arithmetic, doubles } from '../shared/numbers.ts'
import { type DeformConvAttributes, deformConvAttributes } from './attributes.ts'
import { deformConvBackward } from './backward.ts'
import { deformed } from './forward.ts'

/*
 * Y[n,o,p] = B[o] + Σ_{c,t} W[o,c,t] · M[n,d,t,p] · X[n, c, p·stride + t·dilation − pad + Δ[n,d,t,p]]     (ONNX DeformConv, opset 19, 22)
 *
 * A convolution whose taps are moved, each at each place, by offsets that the data give (Dai et al., "Deformable convolutional networks", 2017), and weighted
 * by a mask (Zhu et al., version 2, 2018). X at a place between elements is interpolated linearly, outside it is 0; d is the block of channel c, of
 * `offset_group` equal blocks that share their offsets; groups as in Conv.
 *
 * X [N, C_in, space…], W [C_out, C_in/g, kernel…], Δ [N, d·taps·axes, out…], with the axes of space innermost, B [C_out], M [N, d·taps, out…].
 */

/** @throws NodeError where offsets or mask do not fit the places of the output */
function checkOffsets(call: Call<DeformConvAttributes>, y: readonly (number | string)[] | undefined): void {
  const x = required(call, 0).shape
  const w = required(call, 1).shape
  const { offsetGroups } = call.attributes
  const taps = elementCount(w?.slice(2))
  if (!x || !y || taps === undefined) return
  if (typeof x[1] === 'number' && x[1] % offsetGroups !== 0)
    throw wrong(call, `${x[1]} input channels do not divide into ${offsetGroups} blocks that share their offsets`)
  const rank = x.length - 2
  for (const { input, name, perTap } of [
    { input: 2, name: 'offsets', perTap: rank },
    { input: 4, name: 'a mask', perTap: 1 },
  ]) {
    const shape = call.inputs[input]?.shape
    const expected = [y[0], offsetGroups * taps * perTap, ...y.slice(2)]
    const isWrong =
      shape &&
      (shape.length !== expected.length ||
        shape.some((d, axis) => typeof d === 'number' && typeof expected[axis] === 'number' && d !== expected[axis]))
    if (isWrong) throw wrong(call, `${name} of shape [${shape}], expected [${expected}]`)
  }
}

const convolution = convCost(convolutionLaw, 1, 3)

/**
 * Cost: that of the convolution; and for each element of X that a tap reads, as often as taps read it, 2 points per axis with one multiplication and one
 * addition each, as Resize; one addition per offset; one multiplication by the mask where there is one.
 */
function cost(call: InferredCall<DeformConvAttributes>) {
  const x = call.inputs[0]?.shape as readonly number[]
  const w = call.inputs[1]?.shape as readonly number[]
  const y = call.outputs[0]?.shape as readonly number[]
  const read = elementCount(x.slice(0, 2))! * elementCount([...w.slice(2), ...y.slice(2)])!
  const points = read * 2 ** (x.length - 2)
  const { macs, adds, muls, accumulators } = convolution(call)
  return {
    macs,
    adds: adds + points + elementCount(call.inputs[2]?.shape)!,
    muls: muls + points + (call.inputs[4] ? read : 0),
    accumulators: accumulators + read,
  }
}

export const deformConv = defineOperator({
  name: 'DeformConv',
  inputs: [
    'X: floating [N, C, H, W]',
    'W: floating [M, _, _, _]',
    'offset: floating [N, _, _, _]',
    'B?: floating [M]',
    'mask?: floating [N, _, _, _]',
  ],
  attributes: deformConvAttributes,
  infer: (call) => {
    const y = convShape(call, 1)
    checkOffsets(call, y)
    return [typed(commonType(call, [0, 1, 2, 3, 4]), y)]
  },
  cost,
  law: convLaw(convolutionLaw, 1),
  parameters: [1, 3],
  fusion: 'anchor',
})

export const deformConvChannels: ChannelsOf<typeof deformConv> = {
  tie: (call, ties) => {
    const { offsetGroups } = call.attributes
    ties.freezeInputs('DeformConv reads them as offsets of its taps', 2)
    if (call.inputs[4]) ties.freezeInputs('DeformConv reads them as weights of its taps', 4)
    convChannels(1, [3]).tie(call, ties)
    if (offsetGroups > 1)
      ties.balance(
        ties.labels(0, 1),
        offsetGroups,
        `its ${offsetGroups} blocks that share their offsets must keep equally many inputs`,
      )
  },
  cut: cutConv,
}

export const deformConvReference: ReferenceOf<typeof deformConv> = {
  forward: (call, [x, w, offsets, bias, mask]) => {
    if (!x || !w || !offsets) return []
    const y = deformed(call, doubles(x), doubles(w), doubles(offsets), mask && doubles(mask))
    return [arithmetic(x.elementType, addBias(y, bias?.data))]
  },
}

export const deformConvTraining: TrainingOf<typeof deformConv> = {
  backward: deformConvBackward,
}
