import { elementCount } from '../base/index.ts'
import type { Call, ChannelRule, Dense, OperatorFacts } from '../graph/index.ts'
import { defineOperator, type ReferencesOf } from './operator.ts'
import { axisOf, dense, required, typed, wrong } from './shared/check.ts'
import { reduceDense, reducedShape, tieReduction } from './shared/reduce.ts'

interface ArgAttributes {
  readonly axis: number
  readonly keepDims: boolean
  readonly selectLastIndex: boolean
}

const onlyAxis = (call: Call<ArgAttributes>, rank: number): number[] =>
  rank === 0 ? [] : [axisOf(call, call.attributes.axis, rank)]

/** Y = where along the axis the best element is, the first or the last of equals (ONNX ArgMax, ArgMin). One comparison per element. */
function argExtreme<const N extends string>(name: N): OperatorFacts<ArgAttributes, N, ''> {
  return defineOperator({
    name,
    inputs: ['data: numeric'],
    attributes: (a): ArgAttributes => ({
      axis: a.int('axis', 0),
      keepDims: a.flag('keepdims', true),
      selectLastIndex: a.flag('select_last_index'),
    }),
    infer: (call) => {
      const { shape } = required(call, 0)
      // Not even a place of nothing: ONNX Runtime refuses it, too.
      if (shape && onlyAxis(call, shape.length).some((axis) => shape[axis] === 0))
        throw wrong(call, `axis ${call.attributes.axis} has no element that could be the best`, 'Give a larger input.')
      return [typed('int64', shape && reducedShape(shape, onlyAxis(call, shape.length), call.attributes.keepDims))]
    },
    cost: (call) => ({ others: elementCount(call.inputs[0]?.shape)! }),
  })
}

export const argExtremeChannels: ChannelRule<ArgAttributes> = {
  tie: (call, ties) =>
    tieReduction(call, ties, onlyAxis(call, call.inputs[0]?.shape?.length ?? 0), call.attributes.keepDims),
}

export const argExtremes = {
  argMax: argExtreme('ArgMax'),
  argMin: argExtreme('ArgMin'),
}

function placeOfBest(
  call: Call<ArgAttributes>,
  x: Dense | undefined,
  better: (x: number, best: number) => boolean,
): Dense[] {
  if (!x) return []
  const { keepDims, selectLastIndex } = call.attributes
  const best = (values: Float64Array) => {
    let at = 0
    values.forEach((v, i) => {
      if (better(v, values[at]!) || (selectLastIndex && v === values[at])) at = i
    })
    return at
  }
  const found = reduceDense(x, onlyAxis(call, x.shape.length), keepDims, best)
  return [dense('int64', found.shape, found.data)]
}

export const argExtremesReference: ReferencesOf<typeof argExtremes> = {
  argMax: { forward: (call, [x]) => placeOfBest(call, x, (x, best) => x > best) },
  argMin: { forward: (call, [x]) => placeOfBest(call, x, (x, best) => x < best) },
}
