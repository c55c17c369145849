import { elementCount } from '../base/index.ts'
import type { Call } from '../graph/index.ts'
import { defineOperator, type ReferenceOf, type TrainingOf } from './operator.ts'
import { mapAxis } from './resample/emit.ts'
import { derivative } from './shared/backward.ts'
import { required, typed, wrong } from './shared/check.ts'
import { eachLine, linesAlong } from './shared/indices.ts'
import { arithmetic } from './shared/numbers.ts'

export interface LrnAttributes {
  readonly size: number
  readonly alpha: number
  readonly beta: number
  readonly bias: number
}

/** How many channels there are, and how many before and behind a channel are summed over with it. */
const window = (call: Call<LrnAttributes>) => ({
  channels: required(call, 0).shape?.[1] as number,
  first: Math.floor((call.attributes.size - 1) / 2),
  last: Math.ceil((call.attributes.size - 1) / 2),
})

/**
 * Y[n,c] = X[n,c] / (bias + alpha/size · Σ X[n,j]²)^beta, the sum over `size` channels around c (ONNX LRN, opset 1, 13). X [N, C, …].
 * Cost per element: its square and the multiplication by alpha/size; `size` additions for the sum (not clipped at the first and last
 * channels) and one of the bias; one power, one division.
 */
export const lrn = defineOperator({
  name: 'LRN',
  inputs: ['X: floating'],
  attributes: (a): LrnAttributes => ({
    size: a.size('size', 1, 0),
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
  cost: (call) => {
    const n = elementCount(call.outputs[0]?.shape)!
    return { adds: n * (call.attributes.size + 1), muls: 2 * n, others: 2 * n, accumulators: n }
  },
})

export const lrnReference: ReferenceOf<typeof lrn> = {
  forward: (call, [x]) => {
    if (!x) return []
    const { size, alpha, beta, bias } = call.attributes
    const { first, last } = window(call)
    const data = new Float64Array(x.data.length)
    const lines = linesAlong(x.shape, 1)
    eachLine(lines, (at) => {
      for (let c = 0; c < lines.size; c++) {
        let squares = 0
        for (let j = Math.max(0, c - first); j <= Math.min(lines.size - 1, c + last); j++)
          squares += x.data[at(j)]! ** 2
        data[at(c)] = x.data[at(c)]! / (bias + (alpha / size) * squares) ** beta
      }
    })
    return [arithmetic(x.elementType, { shape: x.shape, data })]
  },
}

export const lrnTraining: TrainingOf<typeof lrn> = {
  // With s = bias + alpha/size · Σ X²: dX = dY·s^(−beta) − 2·alpha·beta/size · X · Σ dY·Y/s, over the channels whose window has this one.
  backward: (call) =>
    derivative(call, ({ mul, add, sub, div, dy, x, y, attributes: { size, alpha, beta, bias } }) => {
      const { channels, first, last } = window(call)
      const around = (value: string, before: number, behind: number) =>
        mapAxis(
          call,
          value,
          1,
          channels,
          Array.from({ length: channels }, (_, c) => {
            const [from, to] = [Math.max(0, c - before), Math.min(channels - 1, c + behind)]
            return Array.from({ length: to - from + 1 }, (_, i) => ({ index: from + i, weight: 1 }))
          }),
        )
      const sums = add(mul(around(mul(x, x), first, last), alpha / size), bias)
      const direct = div(dy, call.emit.node('Pow', [sums, call.emit.floats([beta])]))
      const through = around(div(mul(dy, y), sums), last, first)
      return sub(direct, mul(mul(x, (2 * alpha * beta) / size), through))
    }),
}
