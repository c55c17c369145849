import { defineOperator, type ReferenceOf, type TrainingOf } from './operator.ts'
import { derivative } from './shared/backward.ts'
import { perChannel } from './shared/channel-rules.ts'
import { required, typed } from './shared/check.ts'
import { arithmetic, doubles } from './shared/numbers.ts'
import { globalPoolShape, globalReduction, normCost, normOf } from './shared/pool.ts'
import { normBackward } from './shared/pool-backward.ts'
import { norm, poolPlanes } from './shared/pool-forward.ts'

/** Y[n,c] = (Σ |x|ᵖ)^(1/p) over X[n,c]; p 2 (ONNX GlobalLpPool, opset 1, 2, 22). dX: see `normBackward`. Cost: see `normCost`. */
export const globalLpPool = defineOperator({
  name: 'GlobalLpPool',
  domain: '',
  attributes: normOf,
  infer: (call) => [typed(required(call, 0).elementType, globalPoolShape(call))],
  cost: (call) => normCost(globalReduction(call), call.attributes),
  channels: perChannel,
})

export const globalLpPoolReference: ReferenceOf<typeof globalLpPool> = {
  forward: (call, [x]) =>
    x
      ? [
          arithmetic(
            x.elementType,
            poolPlanes(doubles(x), (values) => norm(values, call.attributes)),
          ),
        ]
      : [],
}

export const globalLpPoolTraining: TrainingOf<typeof globalLpPool> = {
  backward: (call) =>
    derivative(call, ({ dy, x, y, attributes: p }) => {
      const whole = (value: string) => value
      return normBackward(call, { dy, x, y, p }, whole)
    }),
}
