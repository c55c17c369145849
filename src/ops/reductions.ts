import { largest } from '../base/index.ts'
import type { BackwardCall } from '../graph/index.ts'
import type { TrainingsOf } from './operator.ts'
import { shapeIn } from './shared/backward.ts'
import { type ReduceDerivative, reduction, reductionBackward, total } from './shared/reduce.ts'

/** ln Σ exp(x), shifted by the greatest x so that nothing overflows. */
function logSumExp(values: Float64Array): number {
  const top = largest(values)
  return Number.isFinite(top) ? top + Math.log(total(values, (x) => Math.exp(x - top))) : top
}

/** What is calculated of all elements along axes. */
export const reductions = {
  /** Y = Σ |X|, the absolute value free as in adder convolution (ONNX ReduceL1). dX = dY·sign X. */
  reduceL1: reduction('ReduceL1', { forward: (values) => total(values, Math.abs), perInput: { adds: 1 } }),
  /** Y = √Σ X² (ONNX ReduceL2). dX = dY·X / Y, 0 where all X are 0. */
  reduceL2: reduction('ReduceL2', {
    forward: (values) => Math.sqrt(total(values, (x) => x * x)),
    perInput: { adds: 1, muls: 1 },
    perOutput: { others: 1 },
  }),
  /** Y = ln Σ X (ONNX ReduceLogSum). dX = dY / exp Y, repeated. */
  reduceLogSum: reduction('ReduceLogSum', {
    forward: (values) => Math.log(total(values)),
    perInput: { adds: 1 },
    perOutput: { others: 1 },
  }),
  /** Y = ln Σ exp(X) (ONNX ReduceLogSumExp). dX = dY·exp(X − Y). */
  reduceLogSumExp: reduction('ReduceLogSumExp', {
    forward: logSumExp,
    perInput: { adds: 1, others: 1 },
    perOutput: { others: 1 },
  }),
  /** Y = the greatest X (ONNX ReduceMax). dX: see `sharedAmongChosen`. */
  reduceMax: reduction('ReduceMax', {
    takes: 'numeric|bool',
    forward: (values) => largest(values),
    perInput: { others: 1 },
  }),
  /** Y = Σ X / n, of nothing 0, as ONNX Runtime has it (ONNX ReduceMean). dX = dY / n, repeated. */
  reduceMean: reduction('ReduceMean', {
    forward: (values) => total(values) / Math.max(1, values.length),
    perInput: { adds: 1 },
    perOutput: { others: 1 },
  }),
  /** Y = the least X (ONNX ReduceMin). dX: see `sharedAmongChosen`. */
  reduceMin: reduction('ReduceMin', {
    takes: 'numeric|bool',
    forward: (values) => -largest(values.map((x) => -x)),
    perInput: { others: 1 },
  }),
  /** Y = Π X (ONNX ReduceProd). dX = dY·(product of the other X), which holds for zeros too. */
  reduceProd: reduction('ReduceProd', {
    forward: (values) => values.reduce((a, b) => a * b, 1),
    perInput: { muls: 1 },
  }),
  /** Y = Σ X (ONNX ReduceSum). dX = dY, repeated. */
  reduceSum: reduction('ReduceSum', { forward: (values) => total(values), perInput: { adds: 1 }, axesInputSince: 13 }),
  /** Y = Σ X² (ONNX ReduceSumSquare). dX = 2·dY·X. */
  reduceSumSquare: reduction('ReduceSumSquare', {
    forward: (values) => total(values, (x) => x * x),
    perInput: { adds: 1, muls: 1 },
  }),
}

/**
 * dY, shared equally by the elements that were chosen.
 * @param missed positive where an element was not chosen, otherwise 0
 */
function sharedAmongChosen(
  call: BackwardCall,
  { mul, div, positive, dy, axes }: ReduceDerivative,
  missed: string,
): string {
  const chosen = positive(missed, 0, 1)
  return mul(chosen, div(dy, call.emit.sum(chosen, axes)))
}

/** The product of the other elements: for each axis, the products of those before and of those behind along it. */
function productOfOthers({ emit }: BackwardCall, { mul, dy, x, axes }: ReduceDerivative): string {
  let [value, gradient] = [x, '']
  for (const axis of axes) {
    const along = emit.ints([axis])
    const before = emit.node('CumProd', [value, along], { exclusive: 1 })
    const behind = emit.node('CumProd', [value, along], { exclusive: 1, reverse: 1 })
    const others = mul(before, behind)
    gradient = gradient === '' ? others : mul(gradient, others)
    value = emit.node('ReduceProd', [value], { axes: [axis] })
  }
  return gradient === '' ? dy : mul(dy, gradient)
}

export const reductionsTraining: TrainingsOf<typeof reductions> = {
  reduceL1: { backward: (call) => reductionBackward(call, ({ mul, of, dy, x }) => mul(dy, of('Sign', x))) },
  reduceL2: {
    backward: (call) =>
      reductionBackward(call, ({ mul, div, positive, dy, x, y }) => positive(y(), mul(x, div(dy, y())), 0)),
  },
  reduceLogSum: {
    backward: (call) =>
      reductionBackward(call, ({ div, of, dy, y }) => call.emit.expand(div(dy, of('Exp', y())), shapeIn(call, 0))),
  },
  reduceLogSumExp: {
    backward: (call) => reductionBackward(call, ({ mul, sub, of, dy, x, y }) => mul(dy, of('Exp', sub(x, y())))),
  },
  reduceMax: {
    backward: (call) =>
      reductionBackward(call, (given) => sharedAmongChosen(call, given, given.sub(given.y(), given.x))),
  },
  reduceMean: {
    backward: (call) =>
      reductionBackward(call, ({ div, dy, count }) => call.emit.expand(div(dy, count), shapeIn(call, 0))),
  },
  reduceMin: {
    backward: (call) =>
      reductionBackward(call, (given) => sharedAmongChosen(call, given, given.sub(given.x, given.y()))),
  },
  reduceProd: { backward: (call) => reductionBackward(call, (given) => productOfOthers(call, given)) },
  reduceSum: { backward: (call) => reductionBackward(call, ({ dy }) => call.emit.expand(dy, shapeIn(call, 0))) },
  reduceSumSquare: { backward: (call) => reductionBackward(call, ({ mul, dy, x }) => mul(x, mul(dy, 2))) },
}
