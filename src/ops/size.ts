import { elementCount } from '../base/index.ts'
import { defineOperator } from './operator.ts'
import { dense, required } from './shared/check.ts'

/** How many elements X has (ONNX Size). */
export const size = defineOperator({
  name: 'Size',
  inputs: ['data'],
  infer: (call) => {
    const count = elementCount(required(call, 0).shape)
    const known = { elementType: 'int64', shape: [] } as const
    return [count === undefined ? known : { ...known, value: dense('int64', [], [count]) }]
  },
  computable: false,
  cost: 'none',
  accesses: 'view',
})
