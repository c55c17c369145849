import { required, typed, wrong } from '../check.ts'
import { checkVectors, normalisedOver, perChannelParameters, statisticsCost, trailing } from '../normalise.ts'
import { defineOperator } from '../operator.ts'

/**
 * Normalises every channel of every sample over space: X [N, C, spatial…], scale, bias [C] (ONNX InstanceNormalization, opset 6, 22).
 * Cost: see `statisticsCost`; one mean and variance per sample and channel.
 */
export const instanceNormalization = defineOperator<void>({
  name: 'InstanceNormalization',
  domain: '',
  attributes: () => undefined,
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
  channels: perChannelParameters([1, 2], (call) => trailing(call, 2)),
})
