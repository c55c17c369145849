import { perChannel } from '../channel-rules.ts'
import { required, typed } from '../check.ts'
import { defineOperator } from '../operator.ts'
import { globalPoolShape, globalReduction, normCost } from '../pool.ts'

/** Y[n,c] = (Σ |x|ᵖ)^(1/p) over X[n,c]; p 2 (ONNX GlobalLpPool, opset 2, 22). Cost: see `normCost`. */
export const globalLpPool = defineOperator<number>({
  name: 'GlobalLpPool',
  domain: '',
  attributes: (a) => a.int('p', 2),
  infer: (call) => [typed(required(call, 0).elementType, globalPoolShape(call))],
  cost: (call) => normCost(globalReduction(call), call.attributes),
  channels: perChannel,
})
