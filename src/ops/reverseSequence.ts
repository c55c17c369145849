import { stridesOf } from '../base/index.ts'
import { type ChannelsOf, defineOperator, type ReferenceOf, type TrainingOf } from './operator.ts'
import { worksAlong } from './shared/axis-tracks.ts'
import { gradientOf } from './shared/backward.ts'
import { axisOf, dense, required, typed, wrong } from './shared/check.ts'
import { fromIndices, offsetOf } from './shared/indices.ts'

/** X with the first L[b] elements along time reversed, for each batch element b; lengths L at input 1 (ONNX ReverseSequence). */
export const reverseSequence = defineOperator({
  name: 'ReverseSequence',
  inputs: ['input', 'sequence_lens: whole [B]'],
  attributes: (a) => ({ timeAxis: a.int('time_axis', 0), batchAxis: a.int('batch_axis', 1) }),
  infer: (call) => {
    const x = required(call, 0)
    if (x.shape && x.shape.length < 2) throw wrong(call, 'X should have at least two dimensions')
    const [count, batch] = [call.inputs[1]?.shape?.[0], x.shape?.at(call.attributes.batchAxis)]
    if (typeof count === 'number' && typeof batch === 'number' && count !== batch)
      throw wrong(call, `${count} lengths for a batch of ${batch}`)
    return [typed(x.elementType, x.shape)]
  },
  cost: 'none',
})

export const reverseSequenceChannels: ChannelsOf<typeof reverseSequence> = {
  tie: (call, ties) => worksAlong(call, ties, [call.attributes.timeAxis, call.attributes.batchAxis]),
}

export const reverseSequenceReference: ReferenceOf<typeof reverseSequence> = {
  forward: (call, [x, lengths]) => {
    if (!x || !lengths) return []
    const time = axisOf(call, call.attributes.timeAxis, x.shape.length)
    const batch = axisOf(call, call.attributes.batchAxis, x.shape.length)
    const strides = stridesOf(x.shape)
    const longest = x.shape[time]!
    const bad = Array.from(lengths.data).find((length) => !(length >= 0 && length <= longest))
    if (bad !== undefined) throw wrong(call, `length ${bad} is out of range for ${longest} steps`)
    const data = fromIndices(x.shape, (index) => {
      const length = lengths.data[index[batch]!]!
      const t = index[time]!
      const from = [...index]
      if (t < length) from[time] = length - 1 - t
      return x.data[offsetOf(strides, from)]!
    })
    return [dense(x.elementType, x.shape, data)]
  },
}

export const reverseSequenceTraining: TrainingOf<typeof reverseSequence> = {
  // Reversed once more.
  backward: (call) => {
    const { timeAxis, batchAxis } = call.attributes
    const lengths = call.node.inputs[1]!
    const attributes = { time_axis: timeAxis, batch_axis: batchAxis }
    return [call.emit.node('ReverseSequence', [gradientOf(call), lengths], attributes)]
  },
}
