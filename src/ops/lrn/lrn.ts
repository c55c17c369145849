import { elementCount } from '../../base/index.ts'
import { required, typed, wrong } from '../check.ts'
import { normalising } from '../normalise.ts'
import { defineOperator } from '../operator.ts'

/**
 * Y[n,c] = X[n,c] / (bias + alpha/size · Σ X[n,j]²)^beta, the sum over `size` channels around c (ONNX LRN, opset 1, 13). X [N, C, …].
 * Cost per element: its square and the multiplication by alpha/size; `size` additions for the sum (not clipped at the first and last
 * channels) and one of the bias; one power, one division.
 */
export const lrn = defineOperator<number>({
  name: 'LRN',
  domain: '',
  attributes: (a) => a.int('size', 0),
  infer: (call) => {
    const { elementType, shape } = required(call, 0)
    if (call.attributes < 1) throw wrong(call, 'attribute size is missing or not positive', 'Export the model again.')
    if (shape && shape.length < 2) throw wrong(call, `needs batch and channels, received ${shape.length} dimensions`)
    return [typed(elementType, shape)]
  },
  cost: (call) => {
    const n = elementCount(call.outputs[0]?.shape) as number
    return { adds: n * (call.attributes + 1), muls: 2 * n, others: 2 * n, accumulators: n }
  },
  channels: normalising(() => [1]),
})
