import { unknownDim } from '../../base/index.ts'
import { mixes } from '../channel-rules.ts'
import { required, typed } from '../check.ts'
import { defineOperator } from '../operator.ts'

/** The boxes that stay when those that overlap better ones go: [number, (batch, class, box)] (ONNX NonMaxSuppression). */
export const nonMaxSuppression = defineOperator<void>({
  name: 'NonMaxSuppression',
  domain: '',
  attributes: () => undefined,
  infer: (call) => {
    required(call, 0)
    required(call, 1)
    return [typed('int64', [unknownDim(), 3])]
  },
  cost: 'data-dependent',
  channels: mixes('NonMaxSuppression reads boxes and scores'),
})
