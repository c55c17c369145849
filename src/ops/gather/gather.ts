import { stridesOf } from '../../base/index.ts'
import type { Cut, InferredCall, Ties, Track } from '../../graph/index.ts'
import { type ChannelsOf, defineOperator, type TrainingOf } from '../operator.ts'
import { dense, required, typed } from '../shared/check.ts'
import { fromIndices } from '../shared/indices.ts'
import { readWhatIsTaken } from '../shared/movement.ts'
import { gatherBackward } from './backward.ts'
import { type GatherAttributes, gatherAxis, indicesOf } from './indices.ts'

function tieGather(call: InferredCall<GatherAttributes>, ties: Ties): void {
  const x = call.inputs[0]?.shape as readonly number[]
  const rank = call.inputs[1]?.shape?.length as number
  const axis = gatherAxis(call)
  const indices = rank === 1 ? indicesOf(call, x[axis]) : undefined
  const passed: Track[] = []
  for (const { axes, labels } of ties.tracks(0)) {
    if (!axes.includes(axis)) passed.push({ axes: axes.map((a) => (a < axis ? a : a + rank - 1)), labels })
    else if (indices && axes.length === 1)
      passed.push({ axes: [axis], labels: Int32Array.from(indices, (i) => labels[i]!) })
    else
      ties.freeze(labels, rank === 1 ? 'which channels Gather takes depends on data' : 'Gather picks single channels')
  }
  ties.setOutput(0, passed)
}

function cutGather(call: InferredCall<GatherAttributes>, cut: Cut): void {
  const axis = gatherAxis(call)
  const kept = cut.keptInput(0, axis)
  const indices = indicesOf(call, call.inputs[0]?.shape?.[axis])
  if (!kept || !indices || call.inputs[1]?.shape?.length !== 1) return
  const position = new Map(Array.from(kept, (old, now) => [old, now]))
  cut.setInputInts(
    1,
    indices.flatMap((i) => position.get(i) ?? []),
  )
}

/** Y = X at the indices of input 1 along `axis`, which the axes of the indices replace (ONNX Gather). */
export const gather = defineOperator({
  name: 'Gather',
  inputs: ['data', 'indices: whole'],
  attributes: (a): GatherAttributes => ({ axis: a.int('axis', 0) }),
  infer: (call) => {
    const x = required(call, 0)
    const indices = required(call, 1).shape
    if (!x.shape) return [typed(x.elementType, undefined)]
    const axis = gatherAxis(call)
    return [typed(x.elementType, indices && [...x.shape.slice(0, axis), ...indices, ...x.shape.slice(axis + 1)])]
  },
  forward: (call, [x, at]) => {
    if (!x || !at) return []
    const axis = gatherAxis(call)
    const indices = indicesOf(call, x.shape[axis])!
    const shape = [...x.shape.slice(0, axis), indices.length, ...x.shape.slice(axis + 1)]
    const strides = stridesOf(x.shape)
    const data = fromIndices(shape, (index) => {
      const from = index.reduce((sum, i, a) => sum + (a === axis ? indices[i]! : i) * strides[a]!, 0)
      return x.data[from]!
    })
    return [dense(x.elementType, [...x.shape.slice(0, axis), ...at.shape, ...x.shape.slice(axis + 1)], data)]
  },
  cost: 'none',
  accesses: readWhatIsTaken,
  picks: (call) => {
    const axis = gatherAxis(call)
    const indices = call.inputs[1]?.shape?.length === 1 ? indicesOf(call, call.inputs[0]?.shape?.[axis]) : undefined
    return indices && { axis, outputs: [indices.map((first) => ({ input: 0, first, count: 1 }))] }
  },
  // An embedding: the table is learnt.
  parameters: [0],
})

export const gatherChannels: ChannelsOf<typeof gather> = { tie: tieGather, cut: cutGather }

export const gatherTraining: TrainingOf<typeof gather> = {
  backward: gatherBackward,
}
