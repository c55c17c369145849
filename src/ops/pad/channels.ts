import type { ChannelRule, Cut, InferredCall, Ties, Track } from '../../graph/index.ts'
import { countBelow } from '../axis-tracks.ts'
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
      const { begin, end } = pads[axis] as AxisPad
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
  let changed = false
  const now = pads.map(({ begin, end }, axis) => {
    const size = shape[axis] as number
    const lost = change.keptInput(0, axis) ?? change.keptOutput(0, axis)
    if ((begin === 0 && end === 0) || !lost) return { begin, end }
    changed = true
    const input = change.keptInput(0, axis) ?? all(size)
    const output = change.keptOutput(0, axis) ?? all(size + begin + end)
    return {
      begin: begin >= 0 ? countBelow(output, begin) : -countBelow(input, -begin),
      end: end >= 0 ? output.length - countBelow(output, begin + size) : countBelow(input, size + end) - input.length,
    }
  })
  if (!changed) return
  const values = [...axes.map((a) => now[a]?.begin as number), ...axes.map((a) => now[a]?.end as number)]
  if (call.inputs[1]) change.setInputInts(1, values)
  else change.setInts('pads', values)
}

export const padChannels: ChannelRule<PadAttributes> = { tie, cut }
