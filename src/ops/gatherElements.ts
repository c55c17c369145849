import { stridesOf } from '../base/index.ts'
import type { Call } from '../graph/index.ts'
import { defineOperator, type TrainingOf } from './operator.ts'
import { gradientOf, shapeIn } from './shared/backward.ts'
import { axisOf, dense, placeOf, required, typed, wrong } from './shared/check.ts'
import { fromIndices, offsetOf } from './shared/indices.ts'
import { readWhatIsTaken } from './shared/movement.ts'

const along = (call: Call<{ axis: number }>): number =>
  axisOf(call, call.attributes.axis, call.inputs[0]?.shape?.length ?? 0)

/** Y[i, j, …] = X[I[i, j, …], j, …] for axis 0, likewise for others; of the shape of the indices I (ONNX GatherElements). */
export const gatherElements = defineOperator({
  name: 'GatherElements',
  inputs: ['data', 'indices: whole'],
  attributes: (a) => ({ axis: a.int('axis', 0) }),
  infer: (call) => {
    const x = required(call, 0)
    const indices = call.inputs[1]?.shape
    if (x.shape) along(call)
    if (x.shape && indices && indices.length !== x.shape.length)
      throw wrong(call, 'data and indices must have equally many dimensions')
    return [typed(x.elementType, required(call, 1).shape)]
  },
  forward: (call, [x, indices]) => {
    if (!x || !indices) return []
    const axis = along(call)
    const strides = stridesOf(x.shape)
    const data = fromIndices(indices.shape, (index, flat) => {
      const at = [...index]
      at[axis] = placeOf(call, indices.data[flat]!, x.shape[axis]!)
      return x.data[offsetOf(strides, at)]!
    })
    return [dense(x.elementType, indices.shape, data)]
  },
  cost: 'none',
  accesses: readWhatIsTaken,
})

export const gatherElementsTraining: TrainingOf<typeof gatherElements> = {
  // Every element gets the sum over the places it was taken to.
  backward: (call) => [
    call.emit.node('ScatterElements', [call.emit.zeros(shapeIn(call, 0)), call.node.inputs[1]!, gradientOf(call)], {
      axis: along(call),
      reduction: 'add',
    }),
  ],
}
