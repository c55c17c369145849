import type { Dim, Shape } from '../base/index.ts'
import type { Call } from '../graph/index.ts'
import { defineOperator, type TrainingOf } from './operator.ts'
import { reshapeBackward } from './shared/backward.ts'
import { dense, required, typed, wrong } from './shared/check.ts'
import { dimProduct } from './shared/symbols.ts'

function flatShape(call: Call<{ axis: number }>, shape: Shape): [Dim, Dim] {
  const axis = call.attributes.axis < 0 ? call.attributes.axis + shape.length : call.attributes.axis
  if (axis < 0 || axis > shape.length)
    throw wrong(call, `axis ${call.attributes.axis} is out of range for ${shape.length} dimensions`)
  return [dimProduct(shape.slice(0, axis)), dimProduct(shape.slice(axis))]
}

/** X as a matrix: the axes before `axis` (1 by default) make the rows, the others the columns (ONNX Flatten). */
export const flatten = defineOperator({
  name: 'Flatten',
  inputs: ['input'],
  attributes: (a) => ({ axis: a.int('axis', 1) }),
  infer: (call) => {
    const x = required(call, 0)
    return [typed(x.elementType, x.shape && flatShape(call, x.shape))]
  },
  forward: (call, [x]) => (x ? [dense(x.elementType, flatShape(call, x.shape) as [number, number], x.data)] : []),
  cost: 'none',
  accesses: 'view',
})

export const flattenTraining: TrainingOf<typeof flatten> = {
  backward: reshapeBackward,
}
