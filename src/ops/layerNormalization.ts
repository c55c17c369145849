import { elementCount } from '../base/index.ts'
import type { AttributeReader, Call, Known } from '../graph/index.ts'
import { defineOperator, type ReferenceOf, type TrainingOf } from './operator.ts'
import { shapeIn } from './shared/backward.ts'
import { axisOf, required, typed, wrong } from './shared/check.ts'
import { setsAlong } from './shared/indices.ts'
import { checkBroadcastsTo, normalisedOver, statisticsCost, trailing } from './shared/normalise.ts'
import { affineBackward } from './shared/normalise-backward.ts'
import { type Moments, momentsOf, scaledAndShifted, standardised } from './shared/normalise-forward.ts'
import { arithmetic, broadcastTo, doubles } from './shared/numbers.ts'
import { elementTypeOf } from './shared/settings.ts'

/** Attributes of LayerNormalization and RMSNormalization. */
export interface TrailingAttributes {
  /** First of the axes that are normalised over, as in the file. */
  readonly axis: number
  /** ONNX code of the statistics' element type. */
  readonly stashType: number
  readonly epsilon: number
}

export const trailingAttributes = (a: AttributeReader): TrailingAttributes => ({
  axis: a.int('axis', -1),
  stashType: a.int('stash_type', 1),
  epsilon: a.float('epsilon', 1e-5),
})

export const firstAxis = (call: Call<TrailingAttributes>): number =>
  axisOf(call, call.attributes.axis, required(call, 0).shape?.length ?? 0)

/**
 * Normalises over all axes from `axis` (-1) on, then scales and adds (ONNX LayerNormalization, opset 17). X any shape, scale and bias
 * broadcast to it; further outputs, where asked for: means and reciprocal deviations, the normalised axes 1 long.
 * Cost: see `statisticsCost`; one mean and variance for each index of the axes before `axis`.
 */
export const layerNormalization = defineOperator({
  name: 'LayerNormalization',
  inputs: ['X: floating', 'Scale: =X', 'B?: =X'],
  attributes: trailingAttributes,
  infer: (call) => {
    const { elementType, shape } = required(call, 0)
    const first = shape && firstAxis(call)
    checkBroadcastsTo(call, [1, 2], shape)
    const statistics = typed(
      elementTypeOf(call, call.attributes.stashType),
      shape?.map((d, axis) => (axis < first! ? d : 1)),
    )
    const outputs: Known[] = [typed(elementType, shape), statistics, statistics]
    return outputs.slice(0, call.node.outputs.length)
  },
  cost: (call) => {
    const { n, statistics } = normalisedOver(call, trailing(call, firstAxis(call)))
    return statisticsCost(n, statistics, { mean: true, scale: true, bias: call.inputs[2] !== undefined })
  },
  parameters: [1, 2],
  fusion: 'follower',
})

export const layerNormalizationReference: ReferenceOf<typeof layerNormalization> = {
  forward: (call, [x, scale, bias]) => {
    if (!x || !scale) return []
    const first = firstAxis(call)
    const axes = trailing(call, first)
    const values = doubles(x)
    const y = standardised(values, axes, call.attributes.epsilon)
    const result = scaledAndShifted(y, broadcastTo(scale, x.shape), bias && broadcastTo(bias, x.shape))
    const { starts, offsets } = setsAlong(x.shape, axes)
    const moments = Array.from(starts, (start) => momentsOf(values.data, start, offsets))
    const statistics = (of: (m: Moments) => number) =>
      arithmetic(elementTypeOf(call, call.attributes.stashType), {
        shape: x.shape.map((d, axis) => (axis < first ? d : 1)),
        data: Float64Array.from(moments, of),
      })
    return [
      arithmetic(x.elementType, result),
      statistics((m) => m.mean),
      statistics((m) => 1 / Math.sqrt(m.variance + call.attributes.epsilon)),
    ].slice(0, call.node.outputs.length)
  },
}

export const layerNormalizationTraining: TrainingOf<typeof layerNormalization> = {
  backward: (call) => {
    const shape = shapeIn(call, 0)
    if (call.gradients.some((gradient, i) => i > 0 && gradient !== undefined))
      throw wrong(call, 'no gradient passes through its means and deviations')
    return affineBackward(
      call,
      { sets: elementCount(shape.slice(0, firstAxis(call)))!, epsilon: call.attributes.epsilon },
      () => call.node.inputs[1]!,
      (perElement, input) => call.emit.unbroadcast(perElement, shape, shapeIn(call, input)),
    )
  },
}
