import { defineOperator, type TrainingOf } from './operator.ts'
import { required } from './shared/check.ts'

/** Y = X (ONNX Identity). Sequences and optionals pass unknown. */
export const identity = defineOperator({
  name: 'Identity',
  inputs: ['input'],
  infer: (call) => [{ elementType: required(call, 0).elementType, shape: required(call, 0).shape }],
  forward: (_, [x]) => (x ? [x] : []),
  cost: 'none',
  accesses: 'view',
})

export const identityTraining: TrainingOf<typeof identity> = {
  backward: ({ gradients }) => [gradients[0]],
}
