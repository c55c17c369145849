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

function blockShape(call: Call<DepthToSpaceAttributes>): Shape | undefined {
  const x = required(call, 0).shape
  const b = call.attributes.blockSize
  if (b < 1) throw wrong(call, 'attribute blocksize is missing or not positive', 'Export the model again.')
  if (!x) return undefined
  if (x.length !== 4) throw wrong(call, `needs [N,C,H,W], received ${x.length} dimensions`)
  const [batch, channels, height, width] = x as [Dim, Dim, Dim, Dim]
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
