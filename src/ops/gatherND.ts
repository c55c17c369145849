import { type Dim, elementCount, stridesOf, unknownDim } from '../base/index.ts'
import { defineOperator, type TrainingOf } from './operator.ts'
import { gradientOf, shapeIn } from './shared/backward.ts'
import { dense, placeOf, required, typed, wrong } from './shared/check.ts'
import { fromIndices, offsetOf } from './shared/indices.ts'
import { readWhatIsTaken } from './shared/movement.ts'

/** Y[b, i, …] = X[b, I[b, i, 0], I[b, i, 1] …, …]: the last axis of the indices I names places in X (ONNX GatherND). */
export const gatherND = defineOperator({
  name: 'GatherND',
  inputs: ['data', 'indices: whole'],
  attributes: (a) => ({ batchDims: a.size('batch_dims', 0, 0) }),
  infer: (call) => {
    const x = required(call, 0)
    const indices = required(call, 1).shape
    if (!x.shape || !indices) return [typed(x.elementType, undefined)]
    const { batchDims } = call.attributes
    const depth = indices.at(-1)
    if (typeof depth !== 'number') return [typed(x.elementType, undefined)]
    if (batchDims + depth > x.shape.length || batchDims >= indices.length)
      throw wrong(call, `indices of ${depth} places after ${batchDims} batch axes`)
    const batch = indices
      .slice(0, batchDims)
      .map((d, i): Dim => (typeof d === 'number' ? d : (x.shape?.[i] ?? unknownDim())))
    return [typed(x.elementType, [...batch, ...indices.slice(batchDims, -1), ...x.shape.slice(batchDims + depth)])]
  },
  forward: (call, [x, indices]) => {
    if (!x || !indices) return []
    const { batchDims } = call.attributes
    const depth = indices.shape.at(-1)!
    const places = indices.shape.slice(0, -1)
    const tail = x.shape.slice(batchDims + depth)
    const strides = stridesOf(x.shape)
    const data = fromIndices([...places, elementCount(tail)!], (index) => {
      const place = index.slice(0, -1)
      const row = offsetOf(stridesOf(places), place)
      const at = [...place.slice(0, batchDims)]
      for (let d = 0; d < depth; d++) at.push(placeOf(call, indices.data[row * depth + d]!, x.shape[batchDims + d]!))
      return x.data[offsetOf(strides.slice(0, batchDims + depth), at) + index.at(-1)!]!
    })
    return [dense(x.elementType, [...places, ...tail], data)]
  },
  cost: 'none',
  accesses: readWhatIsTaken,
})

export const gatherNDTraining: TrainingOf<typeof gatherND> = {
  // Every element gets the sum over the places it was taken to.
  backward: (call) => {
    if (call.attributes.batchDims > 0) throw wrong(call, 'no gradient passes with batch axes')
    const { emit, node } = call
    return [
      emit.node('ScatterND', [emit.zeros(shapeIn(call, 0)), node.inputs[1]!, gradientOf(call)], {
        reduction: 'add',
      }),
    ]
  },
}
