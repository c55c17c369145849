import { elementCount, stridesOf } from '../base/index.ts'
import { type Known, nodeLabel } from '../graph/index.ts'
import { type ChannelsOf, defineOperator, type ReferenceOf, type TrainingOf } from './operator.ts'
import { gradientOf } from './shared/backward.ts'
import { perChannel } from './shared/channel-rules.ts'
import { commonType, dense, required, typed } from './shared/check.ts'
import { arithmetic, doubles } from './shared/numbers.ts'
import { checkPooled, maxCost, poolAttributes, poolShape, resolvedWindow, windowReduction } from './shared/pool.ts'
import { eachWindow, placeOfMaximum, poolWindows } from './shared/pool-forward.ts'
import { amongInput } from './shared/range-rules.ts'

/** The same place in planes whose first spatial axis varies fastest (storage_order 1). */
function columnMajor(place: number, shape: readonly number[]): number {
  const space = shape.slice(2)
  const size = elementCount(space)!
  let column = 0
  let step = 1
  stridesOf(space).forEach((stride, axis) => {
    column += (Math.floor((place % size) / stride) % space[axis]!) * step
    step *= space[axis]!
  })
  return place - (place % size) + column
}

/**
 * Y[n,c,p] = max over the window of X[n,c]; second output, if asked for: the flat index in X of each maximum, int64 (ONNX MaxPool,
 * opset 1, 8 with Indices, 10 with ceil_mode and dilations, 11, 12, 22). Cost: one comparison per tap.
 */
export const maxPool = defineOperator({
  name: 'MaxPool',
  inputs: ['X: numeric'],
  attributes: (a, opset) => poolAttributes(a, opset, 'floor'),
  infer: (call) => {
    const shape = poolShape(call, false)
    const outputs: Known[] = [typed(required(call, 0).elementType, shape), typed('int64', shape)]
    return outputs.slice(0, call.node.outputs.length)
  },
  cost: (call) => maxCost(windowReduction(call)),
  range: amongInput,
})

export const maxPoolChannels: ChannelsOf<typeof maxPool> = {
  places: 'alike',
  tie: (call, ties) => {
    perChannel.tie(call, ties)
    // They count within the whole tensor, and change with its width. MaxUnpool, which loses the same channels, is right with those of the cut.
    const reader = ties.readers(1).find((node) => node?.opType !== 'MaxUnpool')
    if (ties.readers(1).some((node) => node?.opType !== 'MaxUnpool'))
      ties.freezeInputs(
        `${reader ? `${reader.opType} "${nodeLabel(reader)}" reads` : 'the model gives'} its indices, which count across channels`,
      )
  },
}

export const maxPoolReference: ReferenceOf<typeof maxPool> = {
  forward: (call, [x]) => {
    if (!x) return []
    const indices: number[] = []
    const y = poolWindows(call, x.shape, (covered) => {
      const best = placeOfMaximum(x.data, covered)
      indices.push(best)
      return x.data[best]!
    })
    const places = call.attributes.columnMajor ? indices.map((at) => columnMajor(at, x.shape)) : indices
    return [arithmetic(x.elementType, y), dense('int64', y.shape, places)].slice(0, call.node.outputs.length)
  },
}

export const maxPoolTraining: TrainingOf<typeof maxPool> = {
  backward: (call) => {
    const [x] = call.node.inputs as [string]
    return [call.emit.node('MaxPoolGradient', [gradientOf(call), x], resolvedWindow(call), 'ai.kerf')]
  },
}

/*
 * dX[n,c,q] = Σ dY[n,c,p] over the windows p whose maximum is X[n,c,q], the first one where there are several
 *
 * The gradient of MaxPool (and of GlobalMaxPool, with one window). Inputs dY [N, C, pooled…], X [N, C, spatial…]; attributes as MaxPool. In
 * training graphs only.
 */

/** Cost: the comparisons of MaxPool again, and one addition per window. */
export const maxPoolGradient = defineOperator({
  name: 'MaxPoolGradient',
  domain: 'ai.kerf',
  inputs: ['dY: floating [N, C, _, …]', 'X: floating [N, C, _, …]'],
  attributes: poolAttributes,
  infer: (call) => {
    const { shape } = required(call, 1)
    checkPooled(call, shape)
    return [typed(commonType(call, [0, 1]), shape)]
  },
  cost: (call) => {
    const { taps } = windowReduction(call)
    const outputs = elementCount(call.inputs[0]?.shape)!
    return { others: outputs * taps, adds: outputs }
  },
})

export const maxPoolGradientReference: ReferenceOf<typeof maxPoolGradient> = {
  forward: (call, [dy, x]) => {
    if (!dy || !x) return []
    const data = new Float64Array(x.data.length)
    const source = doubles(x).data
    eachWindow(call, x.shape, (covered, at) => {
      const place = placeOfMaximum(source, covered)
      if (covered.count > 0) data[place] = data[place]! + dy.data[at]!
    })
    return [arithmetic(x.elementType, { shape: x.shape, data })]
  },
}
