import { elementCount } from '../base/index.ts'
import type { Arithmetic, AttributeReader, Call, ChannelRule, OperatorFacts } from '../graph/index.ts'
import { defineOperator, type ReferenceOf, type TrainingOf } from './operator.ts'
import { asElement } from './shared/as-element.ts'
import { worksAlong } from './shared/axis-tracks.ts'
import { gradientOf } from './shared/backward.ts'
import { axisOf, commonType, contentOf, dense, required, typed } from './shared/check.ts'
import { eachLine, linesAlong } from './shared/indices.ts'
import { arithmetic } from './shared/numbers.ts'
import { timesElements } from './shared/unary.ts'

interface RunningAttributes {
  readonly exclusive: boolean
  readonly reverse: boolean
}

const runningAttributes = (a: AttributeReader): RunningAttributes => ({
  exclusive: a.flag('exclusive'),
  reverse: a.flag('reverse'),
})

/** The axis, which is an input; undefined where it is no constant. */
function runningAxis(call: Call, rank: number, input = 1): number | undefined {
  const axis = contentOf(call, input)?.[0]
  return axis === undefined ? undefined : axisOf(call, axis, rank)
}

interface RunningOptions {
  readonly start: number
  readonly step: (sum: number, x: number) => number
  /** Operations per element. */
  readonly cost: Arithmetic
}

/** Y[i] = everything up to X[i] along the axis (input 1), added or multiplied (ONNX CumSum, CumProd). */
function running<const N extends string>(
  name: N,
  { start, step, cost }: RunningOptions,
): OperatorFacts<RunningAttributes, N, ''> {
  return defineOperator({
    name,
    inputs: ['x: numeric', 'axis: whole (1)'],
    attributes: runningAttributes,
    infer: (call) => {
      const x = required(call, 0)
      if (x.shape) runningAxis(call, x.shape.length)
      return [typed(x.elementType, x.shape)]
    },
    forward: (call, [x]) => {
      const axis = x && runningAxis(call, x.shape.length)
      if (!x || axis === undefined) return []
      const { exclusive, reverse } = call.attributes
      const out = new Float64Array(x.data.length)
      const lines = linesAlong(x.shape, axis)
      eachLine(lines, (at) => {
        let sum = start
        for (let i = 0; i < lines.size; i++) {
          const here = at(reverse ? lines.size - 1 - i : i)
          const next = asElement(x.elementType, step(sum, x.data[here]!))
          out[here] = exclusive ? sum : next
          sum = next
        }
      })
      return [dense(x.elementType, x.shape, out)]
    },
    cost: (call) => timesElements(cost, elementCount(call.outputs[0]?.shape)!),
  })
}

export const runningChannels: ChannelRule<RunningAttributes> = {
  tie: (call, ties) => {
    const axis = runningAxis(call, call.inputs[0]?.shape?.length ?? 0)
    if (axis === undefined) ties.freezeInputs(`the axis of ${call.node.opType} depends on data`, 0)
    else worksAlong(call, ties, [axis])
  },
}

/**
 * dX[j] = Π_{k<j} X[k] · S[j], where S[j] = dY[j] + X[j + 1] · S[j + 1]
 *
 * The gradient of CumProd without a division, so that it is right where X is 0. With `exclusive`, where Y[j] ends before X[j], S[j] = dY[j + 1] +
 * X[j + 1] · S[j + 1]. Inputs dY, X, axis; attributes as CumProd. In training graphs only. Cost per element: three multiplications, one addition.
 */
export const cumProdGradient = defineOperator({
  name: 'CumProdGradient',
  domain: 'ai.kerf',
  inputs: ['dY: floating', 'X: floating', 'axis: whole'],
  attributes: runningAttributes,
  infer: (call) => [typed(commonType(call, [0, 1]), required(call, 1).shape)],
  cost: (call) => {
    const count = elementCount(call.inputs[1]?.shape)!
    return { muls: 3 * count, adds: count }
  },
})

export const cumProdGradientReference: ReferenceOf<typeof cumProdGradient> = {
  forward: (call, [dy, x]) => {
    const axis = x && runningAxis(call, x.shape.length, 2)
    if (!dy || !x || axis === undefined) return []
    const { exclusive, reverse } = call.attributes
    const lines = linesAlong(x.shape, axis)
    const data = new Float64Array(x.data.length)
    eachLine(lines, (at) => {
      const place = (i: number) => at(reverse ? lines.size - 1 - i : i)
      const end = lines.size - 1
      let behind = 0
      for (let i = end; i >= 0; i--) {
        const next = i < end ? place(i + 1) : undefined
        const through = next === undefined ? 0 : x.data[next]! * behind
        const own = exclusive ? next : place(i)
        behind = through + (own === undefined ? 0 : dy.data[own]!)
        data[place(i)] = behind
      }
      let before = 1
      for (let i = 0; i <= end; i++) {
        const here = place(i)
        data[here] = data[here]! * before
        before *= x.data[here]!
      }
    })
    return [arithmetic(x.elementType, { shape: x.shape, data })]
  },
}

/** Running sums along an axis (ONNX CumSum). dX is the running sum of dY from the other end. */
export const cumSum = running('CumSum', {
  start: 0,
  step: (sum, x) => sum + x,
  cost: { adds: 1 },
})

export const cumSumTraining: TrainingOf<typeof cumSum> = {
  backward: (call) => {
    const { exclusive, reverse } = call.attributes
    const attributes = { exclusive: exclusive ? 1 : 0, reverse: reverse ? 0 : 1 }
    return [call.emit.node('CumSum', [gradientOf(call), call.node.inputs[1]!], attributes)]
  },
}

/** Running products along an axis (ONNX CumProd). */
export const cumProd = running('CumProd', {
  start: 1,
  step: (product, x) => product * x,
  cost: { muls: 1 },
})

export const cumProdTraining: TrainingOf<typeof cumProd> = {
  backward: (call) => {
    const [x, axis] = call.node.inputs as [string, string]
    const { exclusive, reverse } = call.attributes
    const attributes = { exclusive: exclusive ? 1 : 0, reverse: reverse ? 1 : 0 }
    return [call.emit.node('CumProdGradient', [gradientOf(call), x, axis], attributes, 'ai.kerf')]
  },
}
