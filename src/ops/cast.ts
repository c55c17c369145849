import { elementCount } from '../base/index.ts'
import { type ChannelsOf, defineOperator, type TrainingOf } from './operator.ts'
import { castBackward } from './shared/backward.ts'
import { elementwise } from './shared/channel-rules.ts'
import { required, typed, wrong } from './shared/check.ts'
import { converted } from './shared/convert.ts'
import { elementTypeCode, elementTypeOf } from './shared/settings.ts'

/** Y = X in the element type `to` (ONNX Cast, opset 1, 6, 9, 13 …). */
export const cast = defineOperator({
  name: 'Cast',
  inputs: ['input'],
  // Before opset 6 by name: "FLOAT", "INT64".
  attributes: (a, opset) => ({ to: opset < 6 ? elementTypeCode(a.string('to', '')) : a.int('to') }),
  infer: (call) => {
    const { to } = call.attributes
    if (to === undefined) throw wrong(call, 'the attribute to is missing')
    return [typed(elementTypeOf(call, to), required(call, 0).shape)]
  },
  forward: (call, [x]) => {
    const y = x && converted(x, elementTypeOf(call, call.attributes.to!))
    return y ? [y] : []
  },
  cost: 'none',
  // To the type that it has.
  accesses: ({ inputs, outputs }) => (inputs[0]?.elementType === outputs[0]?.elementType ? 'view' : undefined),
})

export const castTraining: TrainingOf<typeof cast> = {
  backward: castBackward,
}

/** Y = X in the element type of input 1, whose content is not read (ONNX CastLike). */
export const castLike = defineOperator({
  name: 'CastLike',
  inputs: ['input', 'target_type'],
  infer: (call) => [typed(required(call, 1).elementType, required(call, 0).shape)],
  forward: (_, [x, like]) => {
    const y = x && like && converted(x, like.elementType)
    return y ? [y] : []
  },
  cost: 'none',
  accesses: (call) => {
    if (call.inputs[0]?.elementType === call.outputs[0]?.elementType) return 'view'
    const count = elementCount(call.outputs[0]?.shape)!
    return { reads: [count, 0], writes: [count] }
  },
})

export const castLikeChannels: ChannelsOf<typeof castLike> = {
  tie: (call, ties) => {
    ties.tracks(1) // only its type is asked for
    elementwise.tie(call, ties)
  },
}

export const castLikeTraining: TrainingOf<typeof castLike> = {
  backward: castBackward,
}
