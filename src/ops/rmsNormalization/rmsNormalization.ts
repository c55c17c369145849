import { required, typed } from '../check.ts'
import { firstAxis, type TrailingAttributes } from '../layerNormalization/layerNormalization.ts'
import { checkBroadcastsTo, normalisedOver, normalisingTrailing, statisticsCost, trailing } from '../normalise.ts'
import { defineOperator } from '../operator.ts'

/**
 * y = x / √(mean(x²) + epsilon) · scale, the mean over all axes from `axis` (-1) on (ONNX RMSNormalization, opset 23). X any shape, scale
 * broadcasts to it. Cost: see `statisticsCost`, without a mean.
 */
export const rmsNormalization = defineOperator<TrailingAttributes>({
  name: 'RMSNormalization',
  domain: '',
  attributes: (a) => ({ axis: a.int('axis', -1), stashType: a.int('stash_type', 1) }),
  infer: (call) => {
    const { shape, elementType } = required(call, 0)
    const scale = required(call, 1)
    if (shape) firstAxis(call)
    checkBroadcastsTo(call, [1], shape)
    return [typed(scale.elementType ?? elementType, shape)]
  },
  cost: (call) => {
    const { n, statistics } = normalisedOver(call, trailing(call, firstAxis(call)))
    return statisticsCost(n, statistics, { mean: false, scale: true, bias: false })
  },
  parameters: [1],
  fusion: 'follower',
  channels: normalisingTrailing(firstAxis, [1]),
})
