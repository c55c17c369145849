import { largest } from '../base/index.ts'
import type { AttributeReader, Call, Dense, InferredCall } from '../graph/index.ts'
import { defineOperator, type ReferenceOf, type TrainingOf } from './operator.ts'
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

export const softmaxAttributes = (a: AttributeReader, opset: number): SoftmaxAttributes => ({
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

export const inferSoftmax = (call: Call<SoftmaxAttributes>) => {
  const { elementType, shape } = required(call, 0)
  if (shape) softmaxAxes(call)
  return [typed(elementType, shape)]
}

/** Elements, and rows that they compete in. */
export function softmaxSizes(call: InferredCall<SoftmaxAttributes>): { n: number; rows: number } {
  const { n, statistics } = normalisedOver(call, softmaxAxes(call))
  return { n, rows: statistics }
}

/** Applies f to each row of elements that compete. */
export function softmaxForward(
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

/**
 * Y = exp(X − max) / Σ exp(X − max) along an axis: 1 (and all after it) before opset 13, then −1 (ONNX Softmax, opset 1, 11, 13).
 * dX = Y·(dY − Σ dY·Y). Cost per element: comparison for the subtraction, exponential, addition to the sum, division.
 */
export const softmax = defineOperator({
  name: 'Softmax',
  inputs: ['input'],
  attributes: softmaxAttributes,
  infer: inferSoftmax,
  saturates: true,
  range: probability,
  cost: (call) => {
    const { n, rows } = softmaxSizes(call)
    return { adds: 2 * n, others: 3 * n, accumulators: rows }
  },
})

export const softmaxReference: ReferenceOf<typeof softmax> = {
  forward: (call, [x]) =>
    softmaxForward(call, x, (values) => {
      const most = largest(values)
      const sum = values.reduce((total, v) => total + Math.exp(v - most), 0)
      return values.map((v) => Math.exp(v - most) / sum)
    }),
}

export const softmaxTraining: TrainingOf<typeof softmax> = {
  backward: (call) =>
    derivative(call, ({ mul, sub, dy, y }) => {
      const shared = call.emit.sum(mul(dy, y), softmaxAxes(call))
      return mul(y, sub(dy, shared))
    }),
}
