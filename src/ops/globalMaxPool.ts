import { defineOperator, type ReferenceOf, type TrainingOf } from './operator.ts'
import { gradientOf, shapeIn } from './shared/backward.ts'
import { perChannel } from './shared/channel-rules.ts'
import { required, typed } from './shared/check.ts'
import { arithmetic, doubles } from './shared/numbers.ts'
import { globalPoolShape, globalReduction, maxCost } from './shared/pool.ts'
import { poolPlanes } from './shared/pool-forward.ts'
import { amongInput } from './shared/range-rules.ts'

/** Y[n,c] = max of X[n,c] (ONNX GlobalMaxPool). Cost: one comparison per input element. */
export const globalMaxPool = defineOperator({
  name: 'GlobalMaxPool',
  domain: '',
  attributes: () => undefined,
  infer: (call) => [typed(required(call, 0).elementType, globalPoolShape(call))],
  cost: (call) => maxCost(globalReduction(call)),
  range: amongInput,
  channels: perChannel,
})

export const globalMaxPoolReference: ReferenceOf<typeof globalMaxPool> = {
  forward: (_, [x]) =>
    x
      ? [
          arithmetic(
            x.elementType,
            poolPlanes(doubles(x), (values) => values.reduce((a, b) => Math.max(a, b))),
          ),
        ]
      : [],
}

export const globalMaxPoolTraining: TrainingOf<typeof globalMaxPool> = {
  backward: (call) => {
    const { node, emit } = call
    return [
      emit.node(
        'MaxPoolGradient',
        [gradientOf(call), node.inputs[0]!],
        { kernel_shape: shapeIn(call, 0).slice(2) },
        'ai.kerf',
      ),
    ]
  },
}
