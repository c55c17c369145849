import { askMemory, stridesOf, unknownDim } from '../base/index.ts'
import type { Dense } from '../graph/index.ts'
import { defineOperator } from './operator.ts'
import { dense, required, typed } from './shared/check.ts'

/** Where a tensor is not 0: [rank, number of places]. */
function places(x: Dense): Dense {
  let count = 0
  for (let i = 0; i < x.data.length; i++) if (x.data[i] !== 0) count++
  // Of a scalar the specification (as NumPy) makes a vector of one element.
  const shape = x.shape.length === 0 ? [1] : x.shape
  const strides = stridesOf(shape)
  askMemory(8 * count * shape.length, `What NonZero finds, ${count} places,`)
  const data = new Float64Array(shape.length * count)
  let at = 0
  for (let flat = 0; flat < x.data.length; flat++) {
    if (x.data[flat] === 0) continue
    for (const [axis, stride] of strides.entries()) data[axis * count + at] = Math.floor(flat / stride) % shape[axis]!
    at++
  }
  return dense('int64', [shape.length, count], data)
}

/** Indices of all elements that are not 0, one row per axis (ONNX NonZero). */
export const nonZero = defineOperator({
  name: 'NonZero',
  inputs: ['X'],
  infer: (call) => {
    const { shape, value } = required(call, 0)
    if (value) return [{ ...typed('int64', places(value).shape), value: places(value) }]
    return [typed('int64', shape && [Math.max(1, shape.length), unknownDim()])]
  },
  forward: (_, [x]) => (x ? [places(x)] : []),
  cost: 'data-dependent',
})
