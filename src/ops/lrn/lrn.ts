import { elementCount } from '../../base/index.ts'
import { required, typed, wrong } from '../check.ts'
import { eachLine, linesAlong } from '../indices.ts'
import { normalising } from '../normalise.ts'
import { arithmetic } from '../numbers.ts'
import { defineOperator } from '../operator.ts'

export interface LrnAttributes {
  readonly size: number
  readonly alpha: number
  readonly beta: number
  readonly bias: number
}

/**
 * Y[n,c] = X[n,c] / (bias + alpha/size · Σ X[n,j]²)^beta, the sum over `size` channels around c (ONNX LRN, opset 1, 13). X [N, C, …].
 * Cost per element: its square and the multiplication by alpha/size; `size` additions for the sum (not clipped at the first and last
 * channels) and one of the bias; one power, one division.
 */
export const lrn = defineOperator<LrnAttributes>({
  name: 'LRN',
  domain: '',
  attributes: (a) => ({
    size: a.int('size', 0),
    alpha: a.float('alpha', 1e-4),
    beta: a.float('beta', 0.75),
    bias: a.float('bias', 1),
  }),
  infer: (call) => {
    const { elementType, shape } = required(call, 0)
    if (call.attributes.size < 1)
      throw wrong(call, 'attribute size is missing or not positive', 'Export the model again.')
    if (shape && shape.length < 2) throw wrong(call, `needs batch and channels, received ${shape.length} dimensions`)
    return [typed(elementType, shape)]
  },
  forward: (call, [x]) => {
    if (!x) return []
    const { size, alpha, beta, bias } = call.attributes
    const [first, last] = [Math.floor((size - 1) / 2), Math.ceil((size - 1) / 2)]
    const data = new Float64Array(x.data.length)
    const lines = linesAlong(x.shape, 1)
    eachLine(lines, (at) => {
      for (let c = 0; c < lines.size; c++) {
        let squares = 0
        for (let j = Math.max(0, c - first); j <= Math.min(lines.size - 1, c + last); j++)
          squares += (x.data[at(j)] as number) ** 2
        data[at(c)] = (x.data[at(c)] as number) / (bias + (alpha / size) * squares) ** beta
      }
    })
    return [arithmetic(x.elementType, { shape: x.shape, data })]
  },
  cost: (call) => {
    const n = elementCount(call.outputs[0]?.shape) as number
    return { adds: n * (call.attributes.size + 1), muls: 2 * n, others: 2 * n, accumulators: n }
  },
  channels: normalising(() => [1]),
})
