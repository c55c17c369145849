import type { ChannelRule, Cut, InferredCall, Labels, Ties, Track } from '../../graph/index.ts'
import { countBelow } from '../shared/axis-tracks.ts'
import { type AxisSlice, axisSlice, type SliceAttributes, type SliceSettings, sliceSettings } from './ranges.ts'

/** Axes of which not everything is taken, with what is; undefined: that depends on data. */
function partial(call: InferredCall<SliceAttributes>, settings: SliceSettings): Map<number, AxisSlice | undefined> {
  const shape = call.inputs[0]?.shape as readonly number[]
  const found = new Map<number, AxisSlice | undefined>()
  settings.axes?.forEach((axis, n) => {
    const taken = axisSlice(call, settings, n, shape[axis]!)
    if (!taken || taken.count !== shape[axis] || taken.step !== 1) found.set(axis, taken)
  })
  return found
}

const indicesOf = ({ start, step, count }: AxisSlice): number[] =>
  Array.from({ length: count }, (_, i) => start + i * step)

function tie(call: InferredCall<SliceAttributes>, ties: Ties): void {
  const settings = sliceSettings(call, call.inputs[0]?.shape?.length ?? 0)
  if (!settings.axes) {
    ties.freezeInputs('which axes Slice cuts depends on data', 0)
    return
  }
  const sliced = partial(call, settings)
  const passed: Track[] = []
  for (const { axes, labels } of ties.tracks(0)) {
    const axis = axes.find((a) => sliced.has(a))
    if (axis === undefined) passed.push({ axes, labels })
    else if (axes.length > 1) ties.freeze(labels, `Slice cuts channels that lie on axes ${axes}`)
    else {
      const taken = sliced.get(axis)
      if (!taken) ties.freeze(labels, 'which channels Slice takes depends on data')
      // Every other channel of what remains is not what remains of every other channel: that takes a Gather, along one axis only.
      else if (taken.step !== 1 && sliced.size > 1)
        ties.freeze(labels, 'Slice takes channels in steps and cuts another axis as well')
      else passed.push({ axes, labels: Int32Array.from(indicesOf(taken), (i) => labels[i]!) satisfies Labels })
    }
  }
  ties.setOutput(0, passed)
}

function cut(call: InferredCall<SliceAttributes>, change: Cut): void {
  const settings = sliceSettings(call, call.inputs[0]?.shape?.length ?? 0)
  const { axes, starts, ends } = settings
  if (!axes) return
  const newStarts = new Map<number, number>()
  const newEnds = new Map<number, number>()
  for (const [axis, taken] of partial(call, settings)) {
    const kept = change.keptInput(0, axis)
    if (!kept || !taken) continue
    if (taken.step !== 1) {
      const position = new Map(Array.from(kept, (old, now) => [old, now]))
      const indices = indicesOf(taken).flatMap((i) => position.get(i) ?? [])
      change.replaceByGather(0, axis, indices)
      return
    }
    const n = axes.indexOf(axis)
    newStarts.set(n, countBelow(kept, taken.start))
    newEnds.set(n, countBelow(kept, taken.start + taken.count))
  }
  if (newStarts.size === 0) return
  if (!call.inputs[1]) {
    change.setInts(
      'starts',
      (starts ?? []).map((start, n) => newStarts.get(n) ?? start),
    )
    change.setInts(
      'ends',
      (ends ?? []).map((end, n) => newEnds.get(n) ?? end),
    )
    return
  }
  change.patchInputInts(1, newStarts)
  change.patchInputInts(2, newEnds)
}

export const sliceChannels: ChannelRule<SliceAttributes> = { tie, cut, places: 'own' }
