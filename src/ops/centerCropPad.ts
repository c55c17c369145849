import { type Dim, stridesOf, unknownDim } from '../base/index.ts'
import type { Call } from '../graph/index.ts'
import { type ChannelsOf, defineOperator, type ReferenceOf, type TrainingOf } from './operator.ts'
import { worksAlong } from './shared/axis-tracks.ts'
import { gradientOf, shapeIn, shapeOut } from './shared/backward.ts'
import { contentOf, dense, required, typed, wrong } from './shared/check.ts'
import { fromIndices, offsetOf } from './shared/indices.ts'
import { distinctAxes } from './shared/settings.ts'

interface CenterAttributes {
  readonly axes: readonly number[] | undefined
}

function touchedAxes(call: Call<CenterAttributes>, rank: number): number[] {
  return call.attributes.axes
    ? distinctAxes(call, call.attributes.axes, rank)
    : Array.from({ length: rank }, (_, a) => a)
}

/** What is cropped before the first element of each axis, or negative: padded. */
const croppedBefore = (from: readonly number[], to: readonly number[]): number[] =>
  from.map((d, axis) => {
    const surplus = d - to[axis]!
    return surplus < 0 ? -Math.floor(-surplus / 2) : Math.floor(surplus / 2)
  })

/** X cropped, or padded with zeros, around its centre to the sizes of input 1 (ONNX CenterCropPad). */
export const centerCropPad = defineOperator({
  name: 'CenterCropPad',
  inputs: ['input_data', 'shape: whole [D]'],
  attributes: (a): CenterAttributes => ({ axes: a.ints('axes') }),
  infer: (call) => {
    const x = required(call, 0)
    if (!x.shape) return [typed(x.elementType, undefined)]
    const sizes = contentOf(call, 1)
    const axes = touchedAxes(call, x.shape.length)
    if (sizes && sizes.length !== axes.length)
      throw wrong(call, `${sizes.length} sizes [${sizes}] for ${axes.length} axes`)
    return [
      typed(
        x.elementType,
        x.shape.map((d, a): Dim => (axes.includes(a) ? (sizes?.[axes.indexOf(a)] ?? unknownDim()) : d)),
      ),
    ]
  },
  cost: 'none',
  accesses: (call) => {
    const [x, y] = [call.inputs[0]?.shape as readonly number[], call.outputs[0]?.shape as readonly number[]]
    const product = (sizes: readonly number[]) => sizes.reduce((a, b) => a * b, 1)
    return {
      reads: [product(x.map((d, a) => Math.min(d, y[a]!))), call.inputs[1]?.shape?.[0] as number],
      writes: [product(y)],
    }
  },
})

export const centerCropPadChannels: ChannelsOf<typeof centerCropPad> = {
  tie: (call, ties) => worksAlong(call, ties, touchedAxes(call, call.inputs[0]?.shape?.length ?? 0)),
}

export const centerCropPadReference: ReferenceOf<typeof centerCropPad> = {
  forward: (call, [x]) => {
    const sizes = contentOf(call, 1)
    if (!x || !sizes) return []
    const axes = touchedAxes(call, x.shape.length)
    const shape = x.shape.map((d, axis) => (axes.includes(axis) ? sizes[axes.indexOf(axis)]! : d))
    const strides = stridesOf(x.shape)
    const before = croppedBefore(x.shape, shape)
    const data = fromIndices(shape, (index) => {
      const from = index.map((i, axis) => i + before[axis]!)
      if (from.some((i, axis) => i < 0 || i >= x.shape[axis]!)) return 0
      return x.data[offsetOf(strides, from)]!
    })
    return [dense(x.elementType, shape, data)]
  },
}

export const centerCropPadTraining: TrainingOf<typeof centerCropPad> = {
  // What was cropped gets zeros, what was padded is cropped.
  backward: (call) => {
    const before = croppedBefore(shapeIn(call, 0), shapeOut(call))
    const after = before.map((begin, axis) => shapeIn(call, 0)[axis]! - begin - shapeOut(call)[axis]!)
    return [call.emit.pad(gradientOf(call), before, after)]
  },
}
