import { perChannel } from '../channel-rules.ts'
import { required, typed } from '../check.ts'
import { arithmetic, doubles } from '../numbers.ts'
import { defineOperator } from '../operator.ts'
import { globalPoolShape, globalReduction, maxCost } from '../pool.ts'
import { poolPlanes } from '../pool-forward.ts'

/** Y[n,c] = max of X[n,c] (ONNX GlobalMaxPool). Cost: one comparison per input element. */
export const globalMaxPool = defineOperator<void>({
  name: 'GlobalMaxPool',
  domain: '',
  attributes: () => undefined,
  infer: (call) => [typed(required(call, 0).elementType, globalPoolShape(call))],
  forward: (_, [x]) =>
    x
      ? [
          arithmetic(
            x.elementType,
            poolPlanes(doubles(x), (values) => values.reduce((a, b) => Math.max(a, b))),
          ),
        ]
      : [],
  cost: (call) => maxCost(globalReduction(call)),
  channels: perChannel,
})
