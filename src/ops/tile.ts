import { stridesOf, unknownDim } from '../base/index.ts'
import type { Call, InferredCall, Ties, Track } from '../graph/index.ts'
import { type ChannelsOf, defineOperator, type TrainingOf } from './operator.ts'
import { gradientOf, shapeIn } from './shared/backward.ts'
import { axisOf, contentOf, required, typed, wrong } from './shared/check.ts'
import { moved } from './shared/moved.ts'
import { readInputsOnce } from './shared/movement.ts'

/** How often every axis is repeated: input 1, before opset 6 input 1 for the axis that input 2 names. Undefined where that depends on data. */
function repeatsOf(call: Call): readonly number[] | undefined {
  const given = contentOf(call, 1)
  if (call.opset >= 6) return given
  const rank = call.inputs[0]?.shape?.length
  const axis = contentOf(call, 2)?.[0]
  if (!given || axis === undefined || rank === undefined) return undefined
  return new Array<number>(rank).fill(1).with(axisOf(call, axis, rank), given[0]!)
}

function tieTile(call: InferredCall, ties: Ties): void {
  const repeats = repeatsOf(call)
  if (!repeats) {
    ties.freezeInputs('how often Tile repeats depends on data', 0)
    return
  }
  const passed: Track[] = []
  for (const { axes, labels } of ties.tracks(0)) {
    const times = axes.map((a) => repeats[a]!)
    if (times.every((t) => t === 1)) passed.push({ axes, labels })
    else if (axes.length === 1)
      passed.push({
        axes,
        labels: Int32Array.from({ length: labels.length * times[0]! }, (_, i) => labels[i % labels.length]!),
      })
    else ties.freeze(labels, `Tile repeats channels that lie on axes ${axes}`)
  }
  ties.setOutput(0, passed)
}

/** Y = X repeated along each axis as often as input 1 says (ONNX Tile, opset 1, 6, 13). */
export const tile = defineOperator({
  name: 'Tile',
  inputs: (opset) => (opset < 6 ? ['input', 'tiles', 'axis'] : ['input', 'repeats: whole']),
  infer: (call) => {
    const x = required(call, 0)
    const repeats = repeatsOf(call)
    if (repeats && x.shape && repeats.length !== x.shape.length)
      throw wrong(call, `${repeats.length} repeats [${repeats}] for ${x.shape.length} axes`)
    if (repeats?.some((r) => r < 0)) throw wrong(call, `repeats [${repeats}] must not be negative`)
    const shape = x.shape?.map((d, axis) => {
      const times = repeats?.[axis]
      if (times === 1 || (times !== undefined && d === 0)) return d
      return times !== undefined && typeof d === 'number' ? d * times : times === 0 ? 0 : unknownDim()
    })
    return [typed(x.elementType, shape)]
  },
  forward: (call, [x]) => {
    const repeats = repeatsOf(call)
    if (!x || !repeats) return []
    const strides = stridesOf(x.shape)
    const shape = x.shape.map((d, axis) => d * repeats[axis]!)
    const source = (index: readonly number[]) =>
      index.reduce((at, i, axis) => at + (i % x.shape[axis]!) * strides[axis]!, 0)
    return [moved(x, shape, source)]
  },
  cost: 'none',
  accesses: readInputsOnce,
})

export const tileChannels: ChannelsOf<typeof tile> = { tie: tieTile }

export const tileTraining: TrainingOf<typeof tile> = {
  // Every axis as two, which repetition and which place: summed over the repetitions.
  backward: (call) => {
    const repeats = repeatsOf(call)
    if (!repeats) throw wrong(call, 'no gradient passes where the repeats depend on data')
    const shape = shapeIn(call, 0)
    const repeated = repeats.flatMap((times, axis) => (times === 1 ? [] : [2 * axis]))
    const apart = call.emit.reshape(
      gradientOf(call),
      repeats.flatMap((times, axis) => [times, shape[axis]!]),
    )
    return [call.emit.reshape(call.emit.sum(apart, repeated), shape)]
  },
}
