import type { Call } from '../graph/index.ts'
import { defineOperator, type ReferenceOf, type TrainingOf } from './operator.ts'
import { derivative } from './shared/backward.ts'
import { axisOf, required, typed } from './shared/check.ts'
import { normalisedOver } from './shared/normalise.ts'
import { mapSets } from './shared/normalise-forward.ts'
import { arithmetic, doubles } from './shared/numbers.ts'
import { norm } from './shared/pool-forward.ts'

export interface LpNormalizationAttributes {
  readonly axis: number
  readonly p: number
}

export const lpNormalizationAxes = (call: Call<LpNormalizationAttributes>): number[] => [
  axisOf(call, call.attributes.axis, required(call, 0).shape?.length ?? 0),
]

/**
 * Y = X / ‖X‖ₚ along one axis, p 1 or 2 (ONNX LpNormalization, opset 1, 22). Cost: one addition and one division per element, for p = 2
 * also a square (multiplication) per element and a root per norm; absolute values are free.
 */
export const lpNormalization = defineOperator({
  name: 'LpNormalization',
  inputs: ['input: floating'],
  attributes: (a): LpNormalizationAttributes => ({ axis: a.int('axis', -1), p: a.size('p', 1, 2) }),
  infer: (call) => {
    const { elementType, shape } = required(call, 0)
    if (shape) lpNormalizationAxes(call)
    return [typed(elementType, shape)]
  },
  cost: (call) => {
    const { n, statistics } = normalisedOver(call, lpNormalizationAxes(call))
    const square = call.attributes.p === 2
    return { adds: n, muls: square ? n : 0, others: n + (square ? statistics : 0), accumulators: statistics }
  },
})

export const lpNormalizationReference: ReferenceOf<typeof lpNormalization> = {
  forward: (call, [x]) => {
    if (!x) return []
    const values = doubles(x)
    const y = mapSets(values, lpNormalizationAxes(call), (start, offsets) => {
      const length = norm(
        offsets.map((offset) => values.data[start + offset]!),
        call.attributes.p,
      )
      // A vector of zeros has no direction and stays.
      return (v) => (length === 0 ? 0 : v / length)
    })
    return [arithmetic(x.elementType, y)]
  },
}

export const lpNormalizationTraining: TrainingOf<typeof lpNormalization> = {
  // With the norm L: dX = (dY − f·Σ dY·Y) / L, f = sign X for p = 1 and Y for p = 2; 0 for a vector of zeros.
  backward: (call) =>
    derivative(call, ({ mul, sub, div, of, positive, dy, x, y }) => {
      const axes = lpNormalizationAxes(call)
      const one = call.attributes.p === 1
      const length = one ? call.emit.sum(of('Abs', x), axes) : of('Sqrt', call.emit.sum(mul(x, x), axes))
      const along = mul(one ? of('Sign', x) : y, call.emit.sum(mul(dy, y), axes))
      return positive(length, div(sub(dy, along), length), 0)
    }),
}
