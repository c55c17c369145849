import { elementCount, stridesOf } from '../base/index.ts'
import { type Known, nodeLabel } from '../graph/index.ts'
import { type ChannelsOf, defineOperator, type ReferenceOf, type TrainingOf } from './operator.ts'
import { gradientOf } from './shared/backward.ts'
import { perChannel } from './shared/channel-rules.ts'
import { dense, required, typed } from './shared/check.ts'
import { arithmetic } from './shared/numbers.ts'
import { maxCost, poolAttributes, poolShape, resolvedWindow, windowReduction } from './shared/pool.ts'
import { placeOfMaximum, poolWindows } from './shared/pool-forward.ts'
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
  inputs: ['X'],
  attributes: poolAttributes,
  infer: (call) => {
    const shape = poolShape(call)
    const outputs: Known[] = [typed(required(call, 0).elementType, shape), typed('int64', shape)]
    return outputs.slice(0, call.node.outputs.length)
  },
  cost: (call) => maxCost(windowReduction(call)),
  range: amongInput,
})

export const maxPoolChannels: ChannelsOf<typeof maxPool> = {
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
