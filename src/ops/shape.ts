import { type Dim, elementCount, isConcrete } from '../base/index.ts'
import { defineOperator } from './operator.ts'
import { dense, required } from './shared/check.ts'

/** The sizes of X from axis `start` to before `end`; both clamp (ONNX Shape, opset 15). */
export const shape = defineOperator({
  name: 'Shape',
  inputs: ['data'],
  attributes: (a) => ({ start: a.int('start', 0), end: a.int('end') }),
  infer: (call) => {
    const x = required(call, 0).shape
    if (!x) return [{ elementType: 'int64', shape: undefined }]
    const clamp = (axis: number) => Math.min(x.length, Math.max(0, axis < 0 ? axis + x.length : axis))
    const { start, end } = call.attributes
    const sizes: readonly Dim[] = x.slice(clamp(start), clamp(end ?? x.length))
    const known = { elementType: 'int64', shape: [sizes.length] } as const
    return [isConcrete(sizes) ? { ...known, value: dense('int64', known.shape, sizes) } : known]
  },
  computable: false,
  cost: 'none',
  accesses: 'view',
})

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
