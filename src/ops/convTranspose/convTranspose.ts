import { type Dim, elementCount, type Shape, unknownDim } from '../../base/index.ts'
import type { Call, ChannelRule, InferredCall, NodeLaw, WeightedSum } from '../../graph/index.ts'
import { isDepthwise } from '../conv/attributes.ts'
import { weightAndBias } from '../conv/channels.ts'
import { addBias } from '../conv/forward.ts'
import { defineOperator, type ReferenceOf, type TrainingOf } from '../operator.ts'
import { commonType, required, typed, wrong } from '../shared/check.ts'
import { convolutionLaw, evaluateLaw } from '../shared/laws.ts'
import { arithmetic, doubles } from '../shared/numbers.ts'
import { tapTable } from '../shared/sliding.ts'
import { type ConvTransposeAttributes, convTransposeAttributes } from './attributes.ts'
import { convTransposeBackward } from './backward.ts'
import { convolveTransposed, transposedWindow } from './forward.ts'

/*
 * Y[n, o, p·stride + t·dilation − pad] += W[c, o', t] · X[n, c, p]  for every input position p and tap t, then + B[o]
 * (ONNX ConvTranspose, opset 1, 11, 22).  X [N, C_in, spatial…], W [C_in, C_out/g, kernel…], B [C_out], Y [N, C_out, spatial…].
 */

function transposedShape(call: Call<ConvTransposeAttributes>): Shape | undefined {
  const x = required(call, 0).shape
  const w = required(call, 1).shape
  const { groups, window } = call.attributes
  if (!x || !w) return undefined
  if (x.length < 3 || w.length !== x.length)
    throw wrong(call, `x has ${x.length} dimensions and w ${w.length}; both need batch, channels and space`)
  const [inChannels, groupChannels] = w
  if (typeof inChannels === 'number' && inChannels % groups !== 0)
    throw wrong(call, `${inChannels} input channels do not divide into ${groups} groups`)
  const kernelShape = window.kernelShape ?? w.slice(2)
  if (kernelShape.length !== x.length - 2)
    throw wrong(call, `kernel_shape [${kernelShape}] should have ${x.length - 2} entries`)
  kernelShape.forEach((k, i) => {
    if (typeof w[i + 2] === 'number' && w[i + 2] !== k)
      throw wrong(call, `kernel_shape [${kernelShape}] ≠ the weight's [${w.slice(2)}]`)
  })
  const outChannels = typeof groupChannels === 'number' ? groupChannels * groups : unknownDim()
  const bias = call.inputs[2]?.shape
  const isLong = typeof bias?.[0] !== 'number' || typeof outChannels !== 'number' || bias[0] === outChannels
  if (bias && (bias.length !== 1 || !isLong)) throw wrong(call, `B is [${bias}], where [${outChannels}] is needed`)
  return [x[0] ?? 1, outChannels, ...x.slice(2).map((size, i) => transposedSize(call, size, kernelShape[i], i))]
}

/** Size of the output along spatial axis i. */
function transposedSize(call: Call<ConvTransposeAttributes>, size: Dim, kernel: Dim | undefined, i: number): Dim {
  const { window, outputPadding, outputShape } = call.attributes
  const rank = (required(call, 0).shape?.length ?? 2) - 2
  for (const [name, list, length] of [
    ['strides', window.strides, rank],
    ['dilations', window.dilations, rank],
    ['pads', window.pads, 2 * rank],
    ['output_padding', outputPadding, rank],
  ] as const)
    if (list && list.length !== length) throw wrong(call, `${name} [${list}] should have ${length} entries`)
  // Some exporters list batch and channels too.
  const given = outputShape?.slice(-rank)[i]
  if (given !== undefined) return given
  if (typeof size !== 'number' || typeof kernel !== 'number') return unknownDim()
  const stride = window.strides?.[i] ?? 1
  if (window.autoPad.startsWith('SAME')) return size * stride
  const explicit = window.autoPad === 'NOTSET' ? window.pads : undefined
  const reach = (kernel - 1) * (window.dilations?.[i] ?? 1) + 1
  const out =
    (size - 1) * stride + (outputPadding?.[i] ?? 0) + reach - (explicit?.[i] ?? 0) - (explicit?.[rank + i] ?? 0)
  if (out < 1) throw wrong(call, `pads [${explicit ?? ''}] leave nothing of spatial axis ${i} (${size})`)
  return out
}

/**
 * Every input element meets every tap: K·C_in·C_out/g per input position, whether or not `pads` crops the result away (the customary
 * count: fvcore's, and the same layer's backward pass read as a convolution). Bias: one addition per output element.
 */
function cost(call: InferredCall<ConvTransposeAttributes>) {
  const x = call.inputs[0]?.shape as readonly number[]
  const w = call.inputs[1]?.shape as readonly number[]
  const outputs = elementCount(call.outputs[0]?.shape)!
  const g = call.attributes.groups
  const P = x[0]! * elementCount(x.slice(2))!
  const sizes = { P, K: elementCount(w.slice(2))!, C_in: x[1]!, C_out: w[1]! * g, g }
  const { adds, ...products } = evaluateLaw(convolutionLaw, sizes)
  return {
    ...products,
    adds: adds + (call.inputs[2] ? outputs : 0),
    // With a stride wider than the kernel some outputs sum nothing.
    accumulators: Math.min(outputs, adds),
  }
}

/** Positions are the input's. */
function law(call: InferredCall<ConvTransposeAttributes>): NodeLaw {
  const [x, w] = call.inputs.map((v) => v?.shape as readonly number[])
  const g = call.attributes.groups
  return {
    ...{ law: convolutionLaw, positions: x!.toSpliced(1, 1), kernel: w!.slice(2) },
    ...{ C_in: x![1]!, C_out: w![1]! * g, g },
  }
}

function sum(call: InferredCall<ConvTransposeAttributes>): WeightedSum {
  const [x, w, y] = [call.inputs[0], call.inputs[1], call.outputs[0]].map((v) => v?.shape as readonly number[])
  const { groups, window } = call.attributes
  const [taps, size, places] = [w, x, y].map((shape) => elementCount(shape!.slice(2))!) as [number, number, number]
  const [inChannels, outChannels] = [w![0]! / groups, w![1]!]
  return {
    ...{ input: 0, weight: 1, bias: 2, groups, inChannels, outChannels, taps, places },
    met: 1 / (window.strides ?? []).reduce((p, s) => p * s, 1),
    x: { axis: 1, channel: size, place: 1 },
    y: { axis: 1, channel: places, place: 1 },
    w: { group: inChannels * outChannels * taps, out: taps, in: outChannels * taps, tap: 1 },
    sources: () => {
      const from = new Int32Array(places * taps).fill(-1)
      tapTable(transposedWindow(call, x!.slice(2), y!.slice(2), w!.slice(2))).forEach((to, i) => {
        if (to >= 0) from[to * taps + (i % taps)] = Math.floor(i / taps)
      })
      return from
    },
  }
}

export const convTransposeChannels: ChannelRule<ConvTransposeAttributes> = {
  tie(call, ties) {
    const { groups } = call.attributes
    if (!ties.isWeight(1)) {
      ties.freezeInputs('its weight depends on the input')
      ties.refuse('filter', call.outputs[0]?.shape?.[1] as number, 'its weight depends on the input')
      return
    }
    const input = ties.labels(0, 1)
    ties.unite(input, ties.labels(1, 0))
    let output = input
    if (isDepthwise(groups, input.length)) {
      const multiplier = call.inputs[1]?.shape?.[1] as number
      output = Int32Array.from({ length: groups * multiplier }, (_, o) => input[Math.floor(o / multiplier)]!)
      ties.root(1, 0, 'filter', { follows: true })
    } else if (groups > 1) {
      const [, outChannels] = call.outputs[0]?.shape ?? []
      output = ties.fresh(outChannels as number)
      ties.groupedAxis(1, { rows: 0, axis: 1, groups, labels: output })
      ties.root(1, 1, 'filter')
      ties.balance(input, groups, `its ${groups} groups must keep equally many inputs`)
      ties.balance(output, groups, `its ${groups} groups must keep equally many outputs`)
    } else {
      output = ties.labels(1, 1)
      ties.root(1, 1, 'filter')
    }
    if (call.inputs[2]) ties.unite(output, ties.labels(2, 0))
    ties.setOutput(0, [{ axes: [1], labels: output }])
  },
  cut(call, cut) {
    const kept = cut.keptInput(0, 1)
    if (kept && isDepthwise(call.attributes.groups, call.inputs[0]?.shape?.[1] as number))
      cut.setInt('group', kept.length)
  },
  zeros: weightAndBias,
  sum,
}

export const convTranspose = defineOperator({
  name: 'ConvTranspose',
  inputs: ['X: floating [N, C, _, …]', 'W: floating [C, …]', 'B?: floating'],
  attributes: convTransposeAttributes,
  infer: (call) => [typed(commonType(call, [0, 1, 2]), transposedShape(call))],
  cost,
  law,
  parameters: [1, 2],
  fusion: 'anchor',
})

export const convTransposeReference: ReferenceOf<typeof convTranspose> = {
  forward: (call, [x, w, bias]) => {
    if (!x || !w) return []
    const shape = transposedShape(call) as readonly number[]
    const y = convolveTransposed(call, doubles(x), doubles(w), shape)
    return [arithmetic(x.elementType, addBias(y, bias?.data))]
  },
}

export const convTransposeTraining: TrainingOf<typeof convTranspose> = {
  backward: convTransposeBackward,
}
