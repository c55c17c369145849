import { normalising } from '../normalise.ts'
import { defineOperator } from '../operator.ts'
import {
  inferSoftmax,
  maximum,
  type SoftmaxAttributes,
  softmaxAttributes,
  softmaxAxes,
  softmaxForward,
  softmaxSizes,
} from '../softmax/softmax.ts'

/**
 * Y = X − max − ln Σ exp(X − max), the axis as in Softmax (ONNX LogSoftmax, opset 1, 11, 13). Cost per element: comparison for the
 * maximum, two subtractions, exponential, addition to the sum; one logarithm per row.
 */
export const logSoftmax = defineOperator<SoftmaxAttributes>({
  name: 'LogSoftmax',
  domain: '',
  attributes: softmaxAttributes,
  infer: inferSoftmax,
  forward: softmaxForward((values) => {
    const most = maximum(values)
    const logarithm = Math.log(values.reduce((total, v) => total + Math.exp(v - most), 0))
    return values.map((v) => v - most - logarithm)
  }),
  cost: (call) => {
    const { n, rows } = softmaxSizes(call)
    return { adds: 3 * n, others: 2 * n + rows, accumulators: rows }
  },
  channels: normalising(softmaxAxes),
})
