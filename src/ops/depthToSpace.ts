import { type Dim, type Shape, stridesOf, unknownDim } from '../base/index.ts'
import type { Call, ChannelRule } from '../graph/index.ts'
import { defineOperator, type ReferenceOf, type TrainingOf } from './operator.ts'
import { gradientOf, shapeIn, shapeOut } from './shared/backward.ts'
import { required, typed, wrong } from './shared/check.ts'
import { offsetOf } from './shared/indices.ts'
import { moved } from './shared/moved.ts'

/*
 * Moves channels into b×b blocks of space (ONNX DepthToSpace, opset 1, 11 with mode, 13): X [N, C·b², H, W], Y [N, C, H·b, W·b],
 * Y[n, c, h·b + i, w·b + j] = X[n, q, h, w] with q = (i·b + j)·C + c in mode DCR, q = c·b² + i·b + j in mode CRD.
 */

export interface DepthToSpaceAttributes {
  readonly blockSize: number
  readonly columnFirst: boolean
}

/** [N, C, H, W], that of an image that is cut into b×b blocks; undefined where it is not known. */
function imageShape(call: Call, b: number): readonly [Dim, Dim, Dim, Dim] | undefined {
  const x = required(call, 0).shape
  if (b < 1) throw wrong(call, 'attribute blocksize is missing or not positive', 'Export the model again.')
  if (x && x.length !== 4) throw wrong(call, `needs [N,C,H,W], received ${x.length} dimensions`)
  return x as readonly [Dim, Dim, Dim, Dim] | undefined
}

function blockShape(call: Call<DepthToSpaceAttributes>): Shape | undefined {
  const b = call.attributes.blockSize
  const x = imageShape(call, b)
  if (!x) return undefined
  const [batch, channels, height, width] = x
  if (typeof channels === 'number' && channels % (b * b) !== 0)
    throw wrong(call, `${channels} channels do not divide into blocks of ${b}×${b}`)
  const grow = (d: Dim): Dim => (typeof d === 'number' ? d * b : unknownDim())
  return [batch, typeof channels === 'number' ? channels / (b * b) : unknownDim(), grow(height), grow(width)]
}

export const depthToSpaceChannels: ChannelRule<DepthToSpaceAttributes> = {
  tie(call, ties) {
    if (!ties.isTracked(0, 1)) return
    const labels = ties.labels(0, 1)
    const { blockSize, columnFirst } = call.attributes
    const blocks = blockSize ** 2
    const count = labels.length / blocks
    const place = (k: number) =>
      Int32Array.from({ length: count }, (_, c) => labels[columnFirst ? c * blocks + k : k * count + c]!)
    // The b² input channels that fill one output channel's blocks go together.
    const first = place(0)
    for (let k = 1; k < blocks; k++) ties.unite(first, place(k))
    ties.setOutput(0, [{ axes: [1], labels: first }])
  },
}

/** Cost: moves data, no arithmetic. */
export const depthToSpace = defineOperator({
  name: 'DepthToSpace',
  inputs: ['input'],
  attributes: (a): DepthToSpaceAttributes => ({
    blockSize: a.size('blocksize', 1, 0),
    columnFirst: a.choice('mode', ['DCR', 'CRD'], 'DCR') === 'CRD',
  }),
  infer: (call) => [typed(required(call, 0).elementType, blockShape(call))],
  cost: 'none',
})

export const depthToSpaceReference: ReferenceOf<typeof depthToSpace> = {
  forward: (call, [x]) => {
    if (!x) return []
    const { blockSize: b, columnFirst } = call.attributes
    const shape = blockShape(call) as readonly number[]
    const strides = stridesOf(x.shape)
    const outChannels = shape[1]!
    const source = ([n, c, h, w]: readonly number[]) => {
      const place = (h! % b) * b + (w! % b)
      const channel = columnFirst ? c! * b * b + place : place * outChannels + c!
      const from = [n!, channel, Math.floor(h! / b), Math.floor(w! / b)]
      return offsetOf(strides, from)
    }
    return [moved(x, shape, source)]
  },
}

export const depthToSpaceTraining: TrainingOf<typeof depthToSpace> = {
  backward: (call) => {
    const { emit } = call
    const { blockSize: b, columnFirst } = call.attributes
    const dy = gradientOf(call)
    if (!columnFirst) return [emit.node('SpaceToDepth', [dy], { blocksize: b })]
    // SpaceToDepth knows the other order only.
    const [batch, , height, width] = shapeIn(call, 0) as [number, number, number, number]
    const split = emit.reshape(dy, [batch, shapeOut(call)[1]!, height, b, width, b])
    return [emit.reshape(emit.node('Transpose', [split], { perm: [0, 1, 3, 5, 2, 4] }), shapeIn(call, 0))]
  },
}

/*
 * Moves b×b blocks of space into channels (ONNX SpaceToDepth, opset 1, 13): X [N, C, H, W], Y [N, C·b², H/b, W/b],
 * Y[n, (i·b + j)·C + c, h, w] = X[n, c, h·b + i, w·b + j].
 */

function deepShape(call: Call<number>): Shape | undefined {
  const b = call.attributes
  const x = imageShape(call, b)
  if (!x) return undefined
  const shrink = (d: Dim, axis: number): Dim => {
    if (typeof d !== 'number') return unknownDim()
    if (d % b !== 0) throw wrong(call, `axis ${axis} (${d}) does not divide into blocks of ${b}`)
    return d / b
  }
  const [batch, channels, height, width] = x
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
  infer: (call) => [typed(required(call, 0).elementType, deepShape(call))],
  cost: 'none',
})

export const spaceToDepthReference: ReferenceOf<typeof spaceToDepth> = {
  forward: (call, [x]) => {
    if (!x) return []
    const b = call.attributes
    const shape = deepShape(call) as readonly number[]
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
