import { broadcastShapes, type Dim } from '../base/index.ts'
import type { Call, Cut, InferredCall } from '../graph/index.ts'
import { type ChannelsOf, defineOperator, type TrainingOf } from './operator.ts'
import { passTracks } from './shared/axis-tracks.ts'
import { gradientOf, shapeIn, shapeOut } from './shared/backward.ts'
import { mapBroadcast } from './shared/binary.ts'
import { contentOf, dense, required, typed, wrong } from './shared/check.ts'
import { readInputsOnce } from './shared/movement.ts'
import { shapeFromInput } from './shared/shape-input.ts'

function expandedShape(call: Call): Dim[] | undefined {
  const x = required(call, 0).shape
  const target = shapeFromInput(call, 1)
  if (!x || !target) return undefined
  const shape = broadcastShapes(x, target)
  // An unknown size may be 1, which leaves the size of X, or that size: broadcasting says the same.
  if (!shape) throw wrong(call, `it cannot be expanded to [${target}]`)
  return shape
}

/** Where the target says a size that is no longer: 1, which is "as it is", or the new size where X is repeated. */
function cutExpand(call: InferredCall, cut: Cut): void {
  const x = call.inputs[0]?.shape as readonly number[]
  const rank = call.outputs[0]?.shape?.length as number
  const after = cut.newContent(1)
  const length = after?.length ?? (call.inputs[1]?.shape?.[0] as number)
  const patch = new Map<number, number>()
  cut.newOutputShape(0)?.forEach((size, axis) => {
    const at = axis - rank + length
    if (at < 0 || after?.[at] === size) return
    const isRepeated = (x[axis - rank + x.length] ?? 1) === 1
    if (cut.keptOutput(0, axis) && isRepeated) patch.set(at, size)
    else if (after?.[at] === 1) return
    else if (cut.keptOutput(0, axis)) patch.set(at, 1)
    // A size that was read off something narrower now.
    else if (after) patch.set(at, size)
  })
  if (patch.size > 0) cut.patchInputInts(1, patch)
}

/** Y = X broadcast with the shape that input 1 gives (ONNX Expand). */
export const expand = defineOperator({
  name: 'Expand',
  inputs: ['input', 'shape: whole [D]'],
  infer: (call) => [typed(required(call, 0).elementType, expandedShape(call))],
  forward: (call, [x]) => {
    const target = contentOf(call, 1)
    if (!x || !target) return []
    const like = dense(x.elementType, target, { length: 0 })
    return [mapBroadcast([x, like], x.elementType, ([v]) => v!)]
  },
  cost: 'none',
  accesses: readInputsOnce,
  parameters: [0],
})

export const expandChannels: ChannelsOf<typeof expand> = {
  tie: (call, ties) => {
    const x = call.inputs[0]?.shape as readonly number[]
    const y = call.outputs[0]?.shape as readonly number[]
    const offset = y.length - x.length
    const repeated = [...y.keys()].filter((axis) => y[axis] !== 1 && (x[axis - offset] ?? 1) === 1)
    passTracks(call, ties, {
      to: (a) => (x[a] === y[a + offset] ? a + offset : undefined),
      why: () => 'Expand repeats this only channel',
      // One value repeated along one axis: a gate for all channels, of which there may be fewer.
      more: repeated.length === 1 ? repeated.map((axis) => ({ axes: [axis], labels: ties.fresh(y[axis]!) })) : [],
    })
  },
  cut: cutExpand,
}

export const expandTraining: TrainingOf<typeof expand> = {
  // Summed over what was repeated.
  backward: (call) => [call.emit.unbroadcast(gradientOf(call), shapeOut(call), shapeIn(call, 0))],
}
