import type { Call } from '../graph/index.ts'
import { type ChannelsOf, defineOperator, type TrainingOf } from './operator.ts'
import { passTracks } from './shared/axis-tracks.ts'
import { reshapeBackward } from './shared/backward.ts'
import { required, typed, wrong } from './shared/check.ts'
import { distinctAxes, setting } from './shared/settings.ts'

interface SqueezeAttributes {
  readonly axes: readonly number[] | undefined
}

/** The axes that go; undefined when that depends on data or on unknown sizes. */
function squeezedAxes(call: Call<SqueezeAttributes>): number[] | undefined {
  const { shape } = required(call, 0)
  const axes = setting(call, call.attributes.axes, 1)
  if (!shape) return undefined
  if (!axes.given)
    return shape.every((d) => typeof d === 'number') ? [...shape.keys()].filter((a) => shape[a] === 1) : undefined
  if (!axes.values) return undefined
  const gone = distinctAxes(call, axes.values, shape.length)
  const wide = gone.find((a) => typeof shape[a] === 'number' && shape[a] !== 1)
  if (wide !== undefined) throw wrong(call, `axis ${wide} cannot be squeezed: its size is ${shape[wide]}`)
  return gone
}

/** Leaves out axes of size 1: those given, or all (ONNX Squeeze; axes are an attribute before opset 13, then input 1). */
export const squeeze = defineOperator({
  name: 'Squeeze',
  inputs: (opset) => (opset < 13 ? ['data'] : ['data', 'axes?']),
  attributes: (a): SqueezeAttributes => ({ axes: a.ints('axes') }),
  infer: (call) => {
    const x = required(call, 0)
    const gone = squeezedAxes(call)
    return [typed(x.elementType, gone && x.shape?.filter((_, a) => !gone.includes(a)))]
  },
  forward: (call, [x]) => {
    const gone = squeezedAxes(call)
    return x && gone ? [{ ...x, shape: x.shape.filter((_, a) => !gone.includes(a)) }] : []
  },
  cost: 'none',
  accesses: 'view',
})

export const squeezeChannels: ChannelsOf<typeof squeeze> = {
  tie: (call, ties) => {
    const gone = squeezedAxes(call) ?? []
    passTracks(call, ties, {
      to: (a) => (gone.includes(a) ? undefined : a - gone.filter((g) => g < a).length),
      why: () => 'Squeeze removes the axis of this only channel',
    })
  },
  // Without axes, an axis that is left with one channel would go as well.
  cut: (call, cut) => {
    const gone = squeezedAxes(call)
    if (
      !gone ||
      setting(call, call.attributes.axes, 1).given ||
      !cut.newInputShape(0)?.some((d, a) => d === 1 && !gone.includes(a))
    )
      return
    if (call.opset < 13) cut.setInts('axes', gone)
    else cut.setInputInts(1, gone)
  },
}

export const squeezeTraining: TrainingOf<typeof squeeze> = {
  backward: reshapeBackward,
}
