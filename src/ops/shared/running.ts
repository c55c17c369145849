import { elementCount } from '../../base/index.ts'
import type { Arithmetic, AttributeReader, Call, ChannelRule, OperatorFacts } from '../../graph/index.ts'
import { defineOperator } from '../operator.ts'
import { asElement } from './as-element.ts'
import { worksAlong } from './axis-tracks.ts'
import { axisOf, contentOf, dense, required, typed } from './check.ts'
import { eachLine, linesAlong } from './indices.ts'
import { timesElements } from './unary.ts'

export interface RunningAttributes {
  readonly exclusive: boolean
  readonly reverse: boolean
}

export const runningAttributes = (a: AttributeReader): RunningAttributes => ({
  exclusive: a.flag('exclusive'),
  reverse: a.flag('reverse'),
})

/** The axis, which is an input; undefined where it is no constant. */
export function runningAxis(call: Call, rank: number, input = 1): number | undefined {
  const axis = contentOf(call, input)?.[0]
  return axis === undefined ? undefined : axisOf(call, axis, rank)
}

export interface RunningOptions {
  readonly start: number
  readonly step: (sum: number, x: number) => number
  /** Operations per element. */
  readonly cost: Arithmetic
}

/** Y[i] = everything up to X[i] along the axis (input 1), added or multiplied (ONNX CumSum, CumProd). */
export function running<const N extends string>(
  name: N,
  { start, step, cost }: RunningOptions,
): OperatorFacts<RunningAttributes, N, ''> {
  return defineOperator({
    name,
    inputs: ['x', 'axis'],
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
