import { defineOperator, type ReferenceOf, type TrainingOf } from './operator.ts'
import { gradientOf, shapeIn } from './shared/backward.ts'
import { perChannel } from './shared/channel-rules.ts'
import { required, typed } from './shared/check.ts'
import { arithmetic, doubles } from './shared/numbers.ts'
import { averageCost, globalPoolShape, globalReduction } from './shared/pool.ts'
import { poolPlanes } from './shared/pool-forward.ts'
import { amongInput } from './shared/range-rules.ts'

/** Y[n,c] = mean of X[n,c] (ONNX GlobalAveragePool). dX = dY / n, repeated. Cost: one addition per input element, one division per output. */
export const globalAveragePool = defineOperator({
  name: 'GlobalAveragePool',
  domain: '',
  attributes: () => undefined,
  infer: (call) => [typed(required(call, 0).elementType, globalPoolShape(call))],
  cost: (call) => averageCost(globalReduction(call)),
  range: amongInput,
  channels: perChannel,
})

export const globalAveragePoolReference: ReferenceOf<typeof globalAveragePool> = {
  forward: (_, [x]) =>
    x
      ? [
          arithmetic(
            x.elementType,
            poolPlanes(doubles(x), (values) => values.reduce((sum, v) => sum + v, 0) / values.length),
          ),
        ]
      : [],
}

export const globalAveragePoolTraining: TrainingOf<typeof globalAveragePool> = {
  backward: (call) => {
    const shape = shapeIn(call, 0)
    const { taps } = globalReduction(call)
    return [call.emit.expand(call.emit.node('Div', [gradientOf(call), call.emit.floats([taps])]), shape)]
  },
}
