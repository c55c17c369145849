import type { Known } from '../../graph/index.ts'
import { perChannel } from '../channel-rules.ts'
import { required, typed } from '../check.ts'
import { defineOperator } from '../operator.ts'
import { maxCost, type PoolAttributes, poolAttributes, poolShape, windowReduction } from '../pool.ts'

/**
 * Y[n,c,p] = max over the window of X[n,c]; second output, if asked for: the flat index in X of each maximum, int64 (ONNX MaxPool,
 * opset 1, 8 with Indices, 10 with ceil_mode and dilations, 11, 12, 22). Cost: one comparison per tap.
 */
export const maxPool = defineOperator<PoolAttributes>({
  name: 'MaxPool',
  domain: '',
  attributes: poolAttributes,
  infer: (call) => {
    const shape = poolShape(call)
    const outputs: Known[] = [typed(required(call, 0).elementType, shape), typed('int64', shape)]
    return outputs.slice(0, call.node.outputs.length)
  },
  cost: (call) => maxCost(windowReduction(call)),
  channels: perChannel,
})
