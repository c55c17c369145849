import { defineOperator, type ReferenceOf, type TrainingOf } from './operator.ts'
import { derivative, shapeIn } from './shared/backward.ts'
import { required, typed } from './shared/check.ts'
import { arithmetic } from './shared/numbers.ts'
import { normCost, poolAttributes, poolShape, resolvedWindow, windowReduction } from './shared/pool.ts'
import { divisors, normBackward } from './shared/pool-backward.ts'
import { norm, poolWindows } from './shared/pool-forward.ts'

/**
 * Y[n,c,p] = (Σ |x|ᵖ)^(1/p) over the window of X[n,c]; p 2 (ONNX LpPool, opset 2, 11, 18 with ceil_mode and dilations, 22). dX: see `normBackward`. Cost: see
 * `normCost`.
 */
export const lpPool = defineOperator({
  name: 'LpPool',
  inputs: ['X: floating'],
  attributes: poolAttributes,
  infer: (call) => [typed(required(call, 0).elementType, poolShape(call, true))],
  cost: (call) => normCost(windowReduction(call), call.attributes.p),
})

export const lpPoolReference: ReferenceOf<typeof lpPool> = {
  forward: (call, [x]) => {
    if (!x) return []
    const { p } = call.attributes
    const y = poolWindows(call, x.shape, ({ places, count }) =>
      norm(
        Array.from(places.subarray(0, count), (at) => x.data[at]!),
        p,
      ),
    )
    return [arithmetic(x.elementType, y)]
  },
}

export const lpPoolTraining: TrainingOf<typeof lpPool> = {
  // What AveragePool passes back, without its division.
  backward: (call) =>
    derivative(call, ({ mul, dy, x, y, attributes: { p } }) =>
      normBackward(call, { dy, x, y, p }, (value) =>
        call.emit.node(
          'AveragePoolGradient',
          [mul(value, divisors(call))],
          { ...resolvedWindow(call), count_include_pad: 1, input_shape: shapeIn(call, 0) },
          'ai.kerf',
        ),
      ),
    ),
}
