import type { Dense } from '../graph/index.ts'
import { perChannelSum } from './conv/backward.ts'
import { defineOperator, type ReferenceOf, type TrainingOf } from './operator.ts'
import { shapeIn } from './shared/backward.ts'
import { required, typed, wrong } from './shared/check.ts'
import { checkVectors, normalisedOver, statisticsCost, trailing } from './shared/normalise.ts'
import { affineBackward, channelsOf } from './shared/normalise-backward.ts'
import { perChannel, scaledAndShifted, standardised } from './shared/normalise-forward.ts'
import { arithmetic, broadcastTo, doubles } from './shared/numbers.ts'

/**
 * y = (x − mean) / √(variance + epsilon) · scale + bias for every channel of every sample over space: X [N, C, spatial…], scale, bias [C] (ONNX InstanceNormalization, opset 6, 22).
 * Cost: see `statisticsCost`; one mean and variance per sample and channel.
 */
export const instanceNormalization = defineOperator({
  name: 'InstanceNormalization',
  inputs: ['input: floating [N, C, …]', 'scale: =input [C]', 'B: =input [C]'],
  attributes: (a) => a.float('epsilon', 1e-5),
  infer: (call) => {
    const { elementType, shape } = required(call, 0)
    for (let i = 1; i < 3; i++) required(call, i)
    if (shape && shape.length < 3)
      throw wrong(call, `needs batch, channels and at least one spatial axis, received ${shape.length} dimensions`)
    checkVectors(call, [1, 2], shape?.[1], 'channels')
    return [typed(elementType, shape)]
  },
  cost: (call) => {
    const { n, statistics } = normalisedOver(call, trailing(call, 2))
    return statisticsCost(n, statistics, { mean: true, scale: true, bias: true })
  },
  parameters: [1, 2],
  fusion: 'follower',
})

export const instanceNormalizationReference: ReferenceOf<typeof instanceNormalization> = {
  forward: (call, [x, scale, bias]) => {
    if (!x || !scale || !bias) return []
    const y = standardised(doubles(x), trailing(call, 2), call.attributes)
    const spread = (p: Dense) => broadcastTo(perChannel(p, x.shape.length), x.shape)
    return [arithmetic(x.elementType, scaledAndShifted(y, spread(scale), spread(bias)))]
  },
}

export const instanceNormalizationTraining: TrainingOf<typeof instanceNormalization> = {
  backward: (call) => {
    const [batch = 1, channels = 1] = shapeIn(call, 0)
    return affineBackward(
      call,
      { sets: batch * channels, epsilon: call.attributes },
      () => channelsOf(call, call.node.inputs[1]!),
      (perElement) => perChannelSum(call, perElement),
    )
  },
}
