import { perChannel } from '../channel-rules.ts'
import { required, typed } from '../check.ts'
import { arithmetic, doubles } from '../numbers.ts'
import { defineOperator } from '../operator.ts'
import { globalPoolShape, globalReduction, normCost } from '../pool.ts'
import { norm, poolPlanes } from '../pool-forward.ts'

/** Y[n,c] = (Σ |x|ᵖ)^(1/p) over X[n,c]; p 2 (ONNX GlobalLpPool, opset 2, 22). Cost: see `normCost`. */
export const globalLpPool = defineOperator<number>({
  name: 'GlobalLpPool',
  domain: '',
  attributes: (a) => a.int('p', 2),
  infer: (call) => [typed(required(call, 0).elementType, globalPoolShape(call))],
  forward: (call, [x]) =>
    x
      ? [
          arithmetic(
            x.elementType,
            poolPlanes(doubles(x), (values) => norm(values, call.attributes)),
          ),
        ]
      : [],
  cost: (call) => normCost(globalReduction(call), call.attributes),
  channels: perChannel,
})
