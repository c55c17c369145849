import { perChannel } from '../channel-rules.ts'
import { required, typed } from '../check.ts'
import { defineOperator } from '../operator.ts'
import { averageCost, globalPoolShape, globalReduction } from '../pool.ts'

/** Y[n,c] = mean of X[n,c] (ONNX GlobalAveragePool). Cost: one addition per input element, one division per output. */
export const globalAveragePool = defineOperator<void>({
  name: 'GlobalAveragePool',
  domain: '',
  attributes: () => undefined,
  infer: (call) => [typed(required(call, 0).elementType, globalPoolShape(call))],
  cost: (call) => averageCost(globalReduction(call)),
  channels: perChannel,
})
