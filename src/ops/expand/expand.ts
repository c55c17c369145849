import { broadcastShapes, type Dim } from '../../base/index.ts'
import type { Call, Cut, InferredCall } from '../../graph/index.ts'
import { passTracks } from '../axis-tracks.ts'
import { mapBroadcast } from '../binary.ts'
import { contentOf, dense, required, typed, wrong } from '../check.ts'
import { readInputsOnce } from '../movement.ts'
import { defineOperator } from '../operator.ts'
import { shapeFromInput } from '../shape-input.ts'

function expandedShape(call: Call): Dim[] | undefined {
  const x = required(call, 0).shape
  required(call, 1)
  const target = shapeFromInput(call, 1)
  if (!x || !target) return undefined
  const shape = broadcastShapes(x, target)
  // An unknown size may be 1, which leaves the size of X, or that size: broadcasting says the same.
  if (!shape) throw wrong(call, `it cannot be expanded to [${target}]`)
  return shape
}

/** In a target of Expand, 1 says "as it is": so the target need not follow when channels go. */
function cutExpand(call: InferredCall, cut: Cut): void {
  const x = call.inputs[0]?.shape as readonly number[]
  const y = call.outputs[0]?.shape as readonly number[]
  const offset = y.length - x.length
  if (!x.some((_, axis) => cut.keptInput(0, axis))) return
  cut.setInputInts(
    1,
    y.map((d, axis) => (axis >= offset && x[axis - offset] === d ? 1 : d)),
  )
}

/** Y = X broadcast with the shape that input 1 gives (ONNX Expand). */
export const expand = defineOperator<void>({
  name: 'Expand',
  domain: '',
  attributes: () => undefined,
  infer: (call) => [typed(required(call, 0).elementType, expandedShape(call))],
  forward: (call, [x]) => {
    const target = contentOf(call, 1)
    if (!x || !target) return []
    const like = dense(x.elementType, target, { length: 0 })
    return [mapBroadcast([x, like], x.elementType, ([v]) => v as number)]
  },
  cost: 'none',
  accesses: readInputsOnce,
  parameters: [0],
  channels: {
    tie: (call, ties) => {
      const x = call.inputs[0]?.shape as readonly number[]
      const y = call.outputs[0]?.shape as readonly number[]
      const offset = y.length - x.length
      passTracks(call, ties, {
        to: (a) => (x[a] === y[a + offset] ? a + offset : undefined),
        why: () => 'Expand repeats this only channel',
      })
    },
    cut: cutExpand,
  },
})
