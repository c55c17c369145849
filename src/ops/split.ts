import { type Dim, unknownDim } from '../base/index.ts'
import type { Call, Cut, InferredCall, Ties, Track } from '../graph/index.ts'
import { type ChannelsOf, defineOperator, type TrainingOf } from './operator.ts'
import { countBelow } from './shared/axis-tracks.ts'
import { shapeIn, shapeOut } from './shared/backward.ts'
import { axisOf, required, typed, wrong } from './shared/check.ts'
import { parted } from './shared/joining.ts'
import { setting } from './shared/settings.ts'

export interface SplitAttributes {
  readonly axis: number
  readonly split: readonly number[] | undefined
  readonly numOutputs: number | undefined
}

/** Sizes of the parts: given (an attribute before opset 13, then input 1), or equal with a smaller last one. */
function partSizes(call: Call<SplitAttributes>, size: Dim): Dim[] {
  const count = call.node.outputs.length
  const given = setting(call, call.attributes.split, 1)
  if (given.values) {
    const sum = given.values.reduce((a, b) => a + b, 0)
    if (given.values.length !== count || (typeof size === 'number' && sum !== size) || given.values.some((v) => v < 0))
      throw wrong(call, `the parts [${given.values}] do not make up ${count} outputs of together ${size}`)
    return [...given.values]
  }
  if (given.given || typeof size !== 'number') return Array.from({ length: count }, () => unknownDim())
  const { numOutputs } = call.attributes
  if (numOutputs !== undefined && numOutputs !== count)
    throw wrong(call, `num_outputs ${numOutputs} ≠ its ${count} outputs`)
  if (numOutputs === undefined && size % count !== 0)
    throw wrong(call, `${size} does not divide into ${count} equal parts`)
  const part = Math.ceil(size / count)
  return Array.from({ length: count }, (_, i) => Math.max(0, Math.min(part, size - i * part)))
}

function tieSplit(call: InferredCall<SplitAttributes>, ties: Ties): void {
  const axis = axisOf(call, call.attributes.axis, call.inputs[0]?.shape?.length ?? 0)
  const others: Track[] = []
  let along: Track | undefined
  for (const track of ties.tracks(0)) {
    if (!track.axes.includes(axis)) others.push(track)
    else if (track.axes.length === 1) along = track
    else ties.freeze(track.labels, `Split divides channels that lie on axes ${track.axes}`)
  }
  let at = 0
  call.outputs.forEach((output, i) => {
    const end = at + (output?.shape?.[axis] as number)
    ties.setOutput(i, along ? [...others, { axes: [axis], labels: along.labels.slice(at, end) }] : others)
    at = end
  })
}

function cutSplit(call: InferredCall<SplitAttributes>, cut: Cut): void {
  const axis = axisOf(call, call.attributes.axis, call.inputs[0]?.shape?.length ?? 0)
  const kept = cut.keptInput(0, axis)
  if (!kept) return
  let at = 0
  const sizes = call.outputs.map((output) => {
    const start = at
    at += output?.shape?.[axis] as number
    return countBelow(kept, at) - countBelow(kept, start)
  })
  cut.removeAttribute('num_outputs')
  if (call.opset >= 13) cut.setInputInts(1, sizes)
  else cut.setInts('split', sizes)
}

/** Cuts X in parts along `axis` (ONNX Split). */
export const split = defineOperator({
  name: 'Split',
  inputs: (opset) => (opset > 1 && opset < 13 ? ['input'] : ['input', 'split?: whole']),
  attributes: (a): SplitAttributes => ({
    axis: a.int('axis', 0),
    split: a.ints('split'),
    numOutputs: a.size('num_outputs'),
  }),
  infer: (call) => {
    const x = required(call, 0)
    if (!x.shape) return call.node.outputs.map(() => typed(x.elementType, undefined))
    const axis = axisOf(call, call.attributes.axis, x.shape.length)
    return partSizes(call, x.shape[axis]!).map((size) =>
      typed(
        x.elementType,
        x.shape?.map((d, a) => (a === axis ? size : d)),
      ),
    )
  },
  forward: (call, [x]) => {
    if (!x) return []
    const axis = axisOf(call, call.attributes.axis, x.shape.length)
    return parted(x, axis, partSizes(call, x.shape[axis]!) as number[])
  },
  cost: 'none',
  picks: (call) => {
    const axis = axisOf(call, call.attributes.axis, call.inputs[0]?.shape?.length ?? 0)
    let end = 0
    const outputs = call.outputs.map((output) => {
      const first = end
      end += output?.shape?.[axis] as number
      return [{ input: 0, first, count: end - first }]
    })
    return { axis, outputs }
  },
})

export const splitChannels: ChannelsOf<typeof split> = { tie: tieSplit, cut: cutSplit }

export const splitTraining: TrainingOf<typeof split> = {
  // The gradients behind one another; nothing came back to some parts, perhaps.
  backward: (call) => {
    const { emit } = call
    const axis = axisOf(call, call.attributes.axis, shapeIn(call, 0).length)
    const parts = call.gradients.map((gradient, i) => gradient ?? emit.zeros(shapeOut(call, i)))
    return [emit.node('Concat', parts, { axis })]
  },
}
