import { type Dim, unknownDim } from '../base/index.ts'
import type { Call } from '../graph/index.ts'
import { type ChannelsOf, defineOperator, type TrainingOf } from './operator.ts'
import { passTracks } from './shared/axis-tracks.ts'
import { reshapeBackward } from './shared/backward.ts'
import { dense, required, typed, wrong } from './shared/check.ts'
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
  inputs: (opset) => (opset < 13 ? ['data'] : ['data', 'axes?: whole']),
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

interface UnsqueezeAttributes {
  readonly axes: readonly number[] | undefined
}

/** For each axis of the output the input's axis there, or undefined where a new one comes in; undefined when that depends on data. */
function origins(call: Call<UnsqueezeAttributes>): (number | undefined)[] | undefined {
  const { shape } = required(call, 0)
  const { values } = setting(call, call.attributes.axes, 1)
  if (!shape || !values) return undefined
  const rank = shape.length + values.length
  const added = distinctAxes(call, values, rank)
  let next = 0
  return Array.from({ length: rank }, (_, axis) => (added.includes(axis) ? undefined : next++))
}

function unsqueezed<D extends Dim>(shape: readonly D[], from: readonly (number | undefined)[]): (D | 1)[] {
  return from.map((axis) => (axis === undefined ? 1 : shape[axis]!))
}

/** Puts in axes of size 1 (ONNX Unsqueeze; axes are an attribute before opset 13, then input 1). They count in the output. */
export const unsqueeze = defineOperator({
  name: 'Unsqueeze',
  inputs: (opset) => (opset < 13 ? ['data'] : ['data', 'axes: whole']),
  attributes: (a): UnsqueezeAttributes => ({ axes: a.ints('axes') }),
  infer: (call) => {
    const x = required(call, 0)
    const from = origins(call)
    if (x.shape && from) return [typed(x.elementType, unsqueezed(x.shape, from))]
    const { count } = setting(call, call.attributes.axes, 1)
    return [
      typed(
        x.elementType,
        x.shape && count !== undefined ? Array.from({ length: x.shape.length + count }, () => unknownDim()) : undefined,
      ),
    ]
  },
  forward: (call, [x]) => {
    const from = origins(call)
    return x && from ? [dense(x.elementType, unsqueezed(x.shape, from), x.data)] : []
  },
  cost: 'none',
  accesses: 'view',
})

export const unsqueezeChannels: ChannelsOf<typeof unsqueeze> = {
  tie: (call, ties) => {
    const from = origins(call)
    if (!from) return ties.freezeInputs('the axes of Unsqueeze depend on data', 0)
    passTracks(call, ties, { to: (a) => from.indexOf(a), why: () => '' })
  },
}

export const unsqueezeTraining: TrainingOf<typeof unsqueeze> = {
  backward: reshapeBackward,
}
