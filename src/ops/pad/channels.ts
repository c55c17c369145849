import type { ChannelRule, Cut, InferredCall, Ties, Track } from '../../graph/index.ts'
import { countBelow } from '../shared/axis-tracks.ts'
import { type AxisPad, type PadAttributes, paddedAxes, padsOf, padValue } from './pads.ts'

function tie(call: InferredCall<PadAttributes>, ties: Ties): void {
  const pads = padsOf(call, call.inputs[0]?.shape?.length ?? 0)
  if (!pads) {
    ties.freezeInputs('how much Pad adds depends on data', 0)
    return
  }
  const zeros = call.attributes.mode === 'constant' && padValue(call) === 0
  const passed: Track[] = []
  for (const { axes, labels } of ties.tracks(0)) {
    const axis = axes.find((a) => pads[a]?.begin !== 0 || pads[a]?.end !== 0)
    if (axis === undefined) passed.push({ axes, labels })
    else if (!zeros) ties.freeze(labels, 'Pad adds channels that are not 0')
    else if (axes.length > 1) ties.freeze(labels, `Pad adds to channels that lie on axes ${axes}`)
    else {
      const { begin, end } = pads[axis]!
      const inside = labels.subarray(Math.max(0, -begin), labels.length - Math.max(0, -end))
      passed.push({
        axes,
        labels: Int32Array.from([...ties.fresh(Math.max(0, begin)), ...inside, ...ties.fresh(Math.max(0, end))]),
      })
    }
  }
  ties.setOutput(0, passed)
}

function cut(call: InferredCall<PadAttributes>, change: Cut): void {
  const shape = call.inputs[0]?.shape as readonly number[]
  const pads = padsOf(call, shape.length)
  const axes = paddedAxes(call, shape.length)
  if (!pads || !axes) return
  const all = (size: number) => Int32Array.from({ length: size }, (_, i) => i)
  const now = new Map<number, AxisPad>()
  pads.forEach(({ begin, end }, axis) => {
    const size = shape[axis]!
    const lost = change.keptInput(0, axis) ?? change.keptOutput(0, axis)
    if ((begin === 0 && end === 0) || !lost) return
    const input = change.keptInput(0, axis) ?? all(size)
    const output = change.keptOutput(0, axis) ?? all(size + begin + end)
    now.set(axis, {
      begin: begin >= 0 ? countBelow(output, begin) : -countBelow(input, -begin),
      end: end >= 0 ? output.length - countBelow(output, begin + size) : countBelow(input, size + end) - input.length,
    })
  })
  if (now.size === 0) return
  const entries = new Map<number, number>()
  axes.forEach((axis, i) => {
    const changed = now.get(axis)
    if (!changed) return
    entries.set(i, changed.begin)
    entries.set(axes.length + i, changed.end)
  })
  if (call.inputs[1]) change.patchInputInts(1, entries)
  else
    change.setInts(
      'pads',
      (call.attributes.pads ?? []).map((pad, i) => entries.get(i) ?? pad),
    )
}

export const padChannels: ChannelRule<PadAttributes> = {
  places: 'own',
  tie,
  cut,
  zeros: (call) => (call.attributes.mode !== 'constant' || padValue(call) === 0 ? [[0]] : []),
}
