import { largest } from '../base/index.ts'
import type { AttributeReader, Call, Dense, InferredCall, OperatorFacts } from '../graph/index.ts'
import { defineOperator, type ReferencesOf, type TrainingsOf } from './operator.ts'
import { derivative } from './shared/backward.ts'
import { axisOf, required, typed } from './shared/check.ts'
import { setsAlong } from './shared/indices.ts'
import { normalisedOver, trailing } from './shared/normalise.ts'
import { arithmetic } from './shared/numbers.ts'
import { probability } from './shared/range-rules.ts'

/** Attributes of Softmax, LogSoftmax and Hardmax. */
export interface SoftmaxAttributes {
  readonly axis: number
  /** Before opset 13 the input is taken as a matrix: everything from `axis` on is one row. */
  readonly asMatrix: boolean
}

const softmaxAttributes = (a: AttributeReader, opset: number): SoftmaxAttributes => ({
  axis: a.int('axis', opset < 13 ? 1 : -1),
  asMatrix: opset < 13,
})

/** The axes whose elements compete with each other. */
export function softmaxAxes(call: Call<SoftmaxAttributes>): number[] {
  const rank = required(call, 0).shape?.length ?? 0
  const { axis, asMatrix } = call.attributes
  // An axis just past the end makes rows of one element.
  if (asMatrix && axis === rank) return []
  return asMatrix ? trailing(call, axisOf(call, axis, rank)) : [axisOf(call, axis, rank)]
}

/** Elements, and rows that they compete in. */
function softmaxSizes(call: InferredCall<SoftmaxAttributes>): { n: number; rows: number } {
  const { n, statistics } = normalisedOver(call, softmaxAxes(call))
  return { n, rows: statistics }
}

/** Applies f to each row of elements that compete. */
function softmaxForward(
  call: Call<SoftmaxAttributes>,
  x: Dense | undefined,
  f: (values: Float64Array) => Float64Array,
): Dense[] {
  if (!x) return []
  const data = new Float64Array(x.data.length)
  const { starts, offsets } = setsAlong(x.shape, softmaxAxes(call))
  for (const start of starts) {
    const row = f(offsets.map((offset) => x.data[start + offset]!))
    offsets.forEach((offset, i) => {
      data[start + offset] = row[i]!
    })
  }
  return [arithmetic(x.elementType, { shape: x.shape, data })]
}

const softmaxOf = <const N extends string>(
  name: N,
  own: Pick<OperatorFacts<SoftmaxAttributes>, 'cost' | 'gradient' | 'range' | 'saturates'>,
) =>
  defineOperator({
    name,
    inputs: ['input: floating'],
    attributes: softmaxAttributes,
    infer: (call) => {
      const { elementType, shape } = required(call, 0)
      if (shape) softmaxAxes(call)
      return [typed(elementType, shape)]
    },
    ...own,
  })

/** Along an axis: 1 (and all after it) before opset 13, then −1. */
export const softmaxes = {
  /** 1 at the first maximum, 0 elsewhere (ONNX Hardmax, opset 1, 11, 13). Cost per element: one comparison. */
  hardmax: softmaxOf('Hardmax', { gradient: 'zero', cost: (call) => ({ others: softmaxSizes(call).n }) }),
  /**
   * Y = X − max − ln Σ exp(X − max) (ONNX LogSoftmax, opset 1, 11, 13). dX = dY − exp(Y)·Σ dY. Cost per element: comparison for the maximum, two
   * subtractions, exponential, addition to the sum; one logarithm per row.
   */
  logSoftmax: softmaxOf('LogSoftmax', {
    cost: (call) => {
      const { n, rows } = softmaxSizes(call)
      return { adds: 3 * n, others: 2 * n + rows, accumulators: rows }
    },
  }),
  /**
   * Y = exp(X − max) / Σ exp(X − max) (ONNX Softmax, opset 1, 11, 13). dX = Y·(dY − Σ dY·Y). Cost per element: comparison for the maximum,
   * subtraction, exponential, addition to the sum, division.
   */
  softmax: softmaxOf('Softmax', {
    saturates: true,
    range: probability,
    cost: (call) => {
      const { n, rows } = softmaxSizes(call)
      return { adds: 2 * n, others: 3 * n, accumulators: rows }
    },
  }),
}

export const softmaxesReference = {
  hardmax: {
    forward: (call, [x]) =>
      softmaxForward(call, x, (values) => {
        const first = values.indexOf(largest(values))
        return values.map((_, i) => (i === first ? 1 : 0))
      }),
  },
  logSoftmax: {
    forward: (call, [x]) =>
      softmaxForward(call, x, (values) => {
        const most = largest(values)
        const logarithm = Math.log(values.reduce((total, v) => total + Math.exp(v - most), 0))
        return values.map((v) => v - most - logarithm)
      }),
  },
  softmax: {
    forward: (call, [x]) =>
      softmaxForward(call, x, (values) => {
        const most = largest(values)
        const sum = values.reduce((total, v) => total + Math.exp(v - most), 0)
        return values.map((v) => Math.exp(v - most) / sum)
      }),
  },
} satisfies ReferencesOf<typeof softmaxes>

export const softmaxesTraining: TrainingsOf<typeof softmaxes> = {
  logSoftmax: {
    backward: (call) =>
      derivative(call, ({ mul, sub, of, dy, y }) => sub(dy, mul(of('Exp', y), call.emit.sum(dy, softmaxAxes(call))))),
  },
  softmax: {
    backward: (call) =>
      derivative(call, ({ mul, sub, dy, y }) => mul(y, sub(dy, call.emit.sum(mul(dy, y), softmaxAxes(call))))),
  },
}
