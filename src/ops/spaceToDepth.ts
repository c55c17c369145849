import { type Dim, type Shape, stridesOf, unknownDim } from '../base/index.ts'
import type { Call, ChannelRule } from '../graph/index.ts'
import { defineOperator, type ReferenceOf, type TrainingOf } from './operator.ts'
import { gradientOf } from './shared/backward.ts'
import { required, typed, wrong } from './shared/check.ts'
import { offsetOf } from './shared/indices.ts'
import { moved } from './shared/moved.ts'

/*
 * Moves b×b blocks of space into channels (ONNX SpaceToDepth, opset 1, 13): X [N, C, H, W], Y [N, C·b², H/b, W/b],
 * Y[n, (i·b + j)·C + c, h, w] = X[n, c, h·b + i, w·b + j].
 */

function blockShape(call: Call<number>): Shape | undefined {
  const x = required(call, 0).shape
  const b = call.attributes
  if (b < 1) throw wrong(call, 'attribute blocksize is missing or not positive', 'Export the model again.')
  if (!x) return undefined
  if (x.length !== 4) throw wrong(call, `needs [N,C,H,W], received ${x.length} dimensions`)
  const shrink = (d: Dim, axis: number): Dim => {
    if (typeof d !== 'number') return unknownDim()
    if (d % b !== 0) throw wrong(call, `axis ${axis} (${d}) does not divide into blocks of ${b}`)
    return d / b
  }
  const [batch, channels, height, width] = x as [Dim, Dim, Dim, Dim]
  return [batch, typeof channels === 'number' ? channels * b * b : unknownDim(), shrink(height, 2), shrink(width, 3)]
}

export const spaceToDepthChannels: ChannelRule<number> = {
  tie(call, ties) {
    if (!ties.isTracked(0, 1)) return
    const labels = ties.labels(0, 1)
    const blocks = call.attributes ** 2
    // Each input channel appears once for every place in a block: these copies carry its label.
    ties.setOutput(0, [
      {
        axes: [1],
        labels: Int32Array.from({ length: labels.length * blocks }, (_, o) => labels[o % labels.length]!),
      },
    ])
  },
}

/** Cost: moves data, no arithmetic. */
export const spaceToDepth = defineOperator({
  name: 'SpaceToDepth',
  inputs: ['input'],
  attributes: (a) => {
    // The other order, which newer versions have, is not written.
    a.choice('mode', ['DCR'], 'DCR')
    return a.size('blocksize', 1, 0)
  },
  infer: (call) => [typed(required(call, 0).elementType, blockShape(call))],
  cost: 'none',
})

export const spaceToDepthReference: ReferenceOf<typeof spaceToDepth> = {
  forward: (call, [x]) => {
    if (!x) return []
    const b = call.attributes
    const shape = blockShape(call) as readonly number[]
    const strides = stridesOf(x.shape)
    const inChannels = x.shape[1]!
    const source = ([n, o, h, w]: readonly number[]) => {
      const place = Math.floor(o! / inChannels)
      const row = h! * b + Math.floor(place / b)
      const from = [n!, o! % inChannels, row, w! * b + (place % b)]
      return offsetOf(strides, from)
    }
    return [moved(x, shape, source)]
  },
}

export const spaceToDepthTraining: TrainingOf<typeof spaceToDepth> = {
  backward: (call) => [call.emit.node('DepthToSpace', [gradientOf(call)], { blocksize: call.attributes })],
}
