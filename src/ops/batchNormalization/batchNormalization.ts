import { elementCount } from '../../base/index.ts'
import type { Known } from '../../graph/index.ts'
import { required, typed, wrong } from '../check.ts'
import { checkVectors, perChannelParameters, statisticsCost } from '../normalise.ts'
import { defineOperator } from '../operator.ts'

/*
 * y = (x − mean[c]) / √(var[c] + epsilon) · scale[c] + bias[c]        (ONNX BatchNormalization, opset 7, 9, 14, 15)
 *
 * X [N, C, …]; scale, bias, mean, var [C], or with spatial = 0 (before opset 9) [C, …].
 */

export interface BatchNormalizationAttributes {
  readonly perElement: boolean
  readonly training: boolean
}

/**
 * Cost in inference: one multiplication and one addition per element (mean, variance, scale and bias folded into two numbers per
 * channel). With training_mode = 1: mean and variance of the batch as for InstanceNormalization, and the running averages.
 */
export const batchNormalization = defineOperator<BatchNormalizationAttributes>({
  name: 'BatchNormalization',
  domain: '',
  attributes: (a, opset) => ({
    perElement: opset < 9 && a.int('spatial', 1) === 0,
    training: opset >= 14 && a.int('training_mode', 0) === 1,
  }),
  infer: (call) => {
    const x = required(call, 0)
    const scale = required(call, 1)
    for (let i = 2; i < 5; i++) required(call, i)
    if (x.shape && x.shape.length < 1) throw wrong(call, 'the input is a scalar')
    // One dimension: a batch of single values, one channel.
    if (!call.attributes.perElement)
      checkVectors(call, [1, 2, 3, 4], x.shape?.length === 1 ? 1 : x.shape?.[1], 'channels')
    const statistics = typed(call.inputs[3]?.elementType ?? x.elementType, call.inputs[3]?.shape ?? scale.shape)
    const outputs: Known[] = [typed(x.elementType, x.shape), statistics, statistics, statistics, statistics]
    return outputs.slice(0, call.node.outputs.length)
  },
  cost: (call) => {
    const n = elementCount(call.outputs[0]?.shape) as number
    if (!call.attributes.training) return { adds: n, muls: n }
    const channels = elementCount(call.inputs[1]?.shape) as number
    const { adds = 0, muls = 0, ...rest } = statisticsCost(n, channels, { mean: true, scale: true, bias: true })
    return { adds: adds + 2 * channels, muls: muls + 4 * channels, ...rest }
  },
  parameters: [1, 2],
  fusion: 'follower',
  channels: perChannelParameters([1, 2, 3, 4], () => []),
})
