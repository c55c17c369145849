import { elementCount, stridesOf } from '../base/index.ts'
import { defineOperator, type TrainingOf } from './operator.ts'
import { dense, placeOf, required, sameShape, typed, wrong } from './shared/check.ts'
import { reductionAttribute, reductionCost, reductionRule, scatterBackward } from './shared/scattering.ts'

/** Y = X, with Y[I[i, 0], I[i, 1] …, …] = U[i, …]: the last axis of the indices I names places in X (ONNX ScatterND). */
export const scatterND = defineOperator({
  name: 'ScatterND',
  inputs: ['data', 'indices: whole', 'updates: =data'],
  attributes: (a) => ({ reduction: reductionAttribute(a) }),
  infer: (call) => {
    const x = required(call, 0)
    const depth = required(call, 1).shape?.at(-1)
    if (x.shape && typeof depth === 'number' && depth > x.shape.length)
      throw wrong(call, `indices of ${depth} places for ${x.shape.length} dimensions`)
    const [indices, updates] = [call.inputs[1]?.shape, call.inputs[2]?.shape]
    if (x.shape && indices && updates && typeof depth === 'number') {
      const wanted = [...indices.slice(0, -1), ...x.shape.slice(depth)]
      if (!sameShape(wanted, updates)) throw wrong(call, `updates [${updates}] should be [${wanted}]`)
    }
    return [typed(x.elementType, x.shape)]
  },
  forward: (call, [x, indices, updates]) => {
    if (!x || !indices || !updates) return []
    const rule = reductionRule(call)
    const depth = indices.shape.at(-1)!
    const strides = stridesOf(x.shape)
    const run = elementCount(x.shape.slice(depth))!
    const out = new Float64Array(x.data)
    for (let row = 0; row < elementCount(indices.shape.slice(0, -1))!; row++) {
      let base = 0
      for (let d = 0; d < depth; d++) base += placeOf(call, indices.data[row * depth + d]!, x.shape[d]!) * strides[d]!
      for (let i = 0; i < run; i++) out[base + i] = rule(out[base + i]!, updates.data[row * run + i]!)
    }
    return [dense(x.elementType, x.shape, out)]
  },
  cost: (call) => reductionCost(call, 2),
})

export const scatterNDTraining: TrainingOf<typeof scatterND> = {
  backward: (call) => scatterBackward(call, 'GatherND'),
}
