import { type Dim, elementCount, unknownDim } from '../../base/index.ts'
import { defineOperator, type ReferenceOf } from '../operator.ts'
import { axisOf, required, typed } from '../shared/check.ts'
import { uniqueSlices } from './forward.ts'

/** The different elements of X (or slices along `axis`), where each occurs first, where each element went, how many (ONNX Unique). */
export const unique = defineOperator({
  name: 'Unique',
  inputs: ['X'],
  attributes: (a) => ({ axis: a.int('axis'), sorted: a.flag('sorted', true) }),
  infer: (call) => {
    const x = required(call, 0)
    const { axis } = call.attributes
    const along = axis === undefined || !x.shape ? undefined : axisOf(call, axis, x.shape.length)
    const count = unknownDim()
    const places: Dim =
      (along === undefined ? elementCount(axis === undefined ? x.shape : undefined) : x.shape?.[along]) ?? unknownDim()
    const y = axis === undefined ? [count] : x.shape?.map((d, a) => (a === along ? count : d))
    return [typed(x.elementType, y), typed('int64', [count]), typed('int64', [places]), typed('int64', [count])]
  },
  cost: 'data-dependent',
})

export const uniqueReference: ReferenceOf<typeof unique> = {
  forward: (call, [x]) => {
    if (!x) return []
    const { axis, sorted } = call.attributes
    const along = axis === undefined ? undefined : axisOf(call, axis, x.shape.length)
    return uniqueSlices(x, along, sorted).slice(0, call.node.outputs.length)
  },
}
