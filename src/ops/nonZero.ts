import { stridesOf, unknownDim } from '../base/index.ts'
import type { Dense } from '../graph/index.ts'
import { defineOperator } from './operator.ts'
import { dense, required, typed } from './shared/check.ts'

/** Where a tensor is not 0: [rank, number of places]. */
function places(x: Dense): Dense {
  const found = Array.from(x.data).flatMap((v, flat) => (v !== 0 ? [flat] : []))
  // Of a scalar the specification (as NumPy) makes a vector of one element.
  const shape = x.shape.length === 0 ? [1] : x.shape
  const data = stridesOf(shape).flatMap((stride, axis) => found.map((flat) => Math.floor(flat / stride) % shape[axis]!))
  return dense('int64', [shape.length, found.length], data)
}

/** Indices of all elements that are not 0, one row per axis (ONNX NonZero). */
export const nonZero = defineOperator({
  name: 'NonZero',
  infer: (call) => {
    const { shape, value } = required(call, 0)
    if (value) return [{ ...typed('int64', places(value).shape), value: places(value) }]
    return [typed('int64', shape && [Math.max(1, shape.length), unknownDim()])]
  },
  forward: (_, [x]) => (x ? [places(x)] : []),
  cost: 'data-dependent',
})
