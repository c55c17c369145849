import { largest } from '../base/index.ts'
import { defineOperator, type ReferenceOf, type TrainingOf } from './operator.ts'
import { derivative } from './shared/backward.ts'
import { inferSoftmax, softmaxAttributes, softmaxAxes, softmaxForward, softmaxSizes } from './softmax.ts'

/**
 * Y = X − max − ln Σ exp(X − max), the axis as in Softmax (ONNX LogSoftmax, opset 1, 11, 13). dX = dY − exp(Y)·Σ dY. Cost per element: comparison for the
 * two subtractions, exponential, addition to the sum; one logarithm per row.
 */
export const logSoftmax = defineOperator({
  name: 'LogSoftmax',
  inputs: ['input'],
  attributes: softmaxAttributes,
  infer: inferSoftmax,
  cost: (call) => {
    const { n, rows } = softmaxSizes(call)
    return { adds: 3 * n, others: 2 * n + rows, accumulators: rows }
  },
})

export const logSoftmaxReference: ReferenceOf<typeof logSoftmax> = {
  forward: (call, [x]) =>
    softmaxForward(call, x, (values) => {
      const most = largest(values)
      const logarithm = Math.log(values.reduce((total, v) => total + Math.exp(v - most), 0))
      return values.map((v) => v - most - logarithm)
    }),
}

export const logSoftmaxTraining: TrainingOf<typeof logSoftmax> = {
  backward: (call) =>
    derivative(call, ({ mul, sub, of, dy, y }) => sub(dy, mul(of('Exp', y), call.emit.sum(dy, softmaxAxes(call))))),
}
