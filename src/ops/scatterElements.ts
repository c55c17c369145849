import { stridesOf } from '../base/index.ts'
import type { OperatorFacts, Reference, Training } from '../graph/index.ts'
import { defineOperator } from './operator.ts'
import { axisOf, dense, placeOf, required, sameShape, typed, wrong } from './shared/check.ts'
import { fromIndices, offsetOf } from './shared/indices.ts'
import {
  type Reduction,
  reductionAttribute,
  reductionCost,
  reductionRule,
  scatterBackward,
} from './shared/scattering.ts'

export const scatterElements = scatteringElements('ScatterElements')

/** The name of ScatterElements before opset 11. */
export const scatter = scatteringElements('Scatter')

export interface ScatterAttributes {
  readonly axis: number
  readonly reduction: Reduction
}

/** Y = X, with Y[I[i, j, …], j, …] = U[i, j, …] for axis 0, likewise for others (ONNX ScatterElements, formerly Scatter). */
export function scatteringElements<const N extends string>(name: N): OperatorFacts<ScatterAttributes, N, ''> {
  return defineOperator({
    name,
    inputs: ['data', 'indices: whole', 'updates: =data'],
    attributes: (a) => ({ axis: a.int('axis', 0), reduction: reductionAttribute(a) }),
    infer: (call) => {
      const x = required(call, 0)
      const [indices, updates] = [required(call, 1).shape, required(call, 2).shape]
      if (x.shape) axisOf(call, call.attributes.axis, x.shape.length)
      if (x.shape && indices && updates && (indices.length !== x.shape.length || updates.length !== x.shape.length))
        throw wrong(call, 'data, indices and updates must have equally many dimensions')
      if (indices && updates && !sameShape(indices, updates))
        throw wrong(call, `indices [${indices}] and updates [${updates}] must be of one shape`)
      return [typed(x.elementType, x.shape)]
    },
    cost: (call) => reductionCost(call, 2),
  })
}

export const scatteringReference: Reference<ScatterAttributes> = {
  forward: (call, [x, indices, updates]) => {
    if (!x || !indices || !updates) return []
    const rule = reductionRule(call)
    const axis = axisOf(call, call.attributes.axis, x.shape.length)
    const strides = stridesOf(x.shape)
    const out = new Float64Array(x.data)
    fromIndices(indices.shape, (index, flat) => {
      const at = [...index]
      at[axis] = placeOf(call, indices.data[flat]!, x.shape[axis]!)
      const to = offsetOf(strides, at)
      out[to] = rule(out[to]!, updates.data[flat]!)
      return 0
    })
    return [dense(x.elementType, x.shape, out)]
  },
}

export const scatteringTraining: Training<ScatterAttributes> = {
  backward: (call) => scatterBackward(call, 'GatherElements', { axis: call.attributes.axis }),
}
