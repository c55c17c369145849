import { type Dim, stridesOf, unknownDim } from '../../base/index.ts'
import type { Call, InferredCall } from '../../graph/index.ts'
import { defineOperator, type TrainingOf } from '../operator.ts'
import { required, typed } from '../shared/check.ts'
import { offsetOf } from '../shared/indices.ts'
import { moved } from '../shared/moved.ts'
import { readWhatIsTaken } from '../shared/movement.ts'
import { sliceBackward } from './backward.ts'
import { axisSlice, type SliceAttributes, type SliceSettings, sliceSettings } from './ranges.ts'

/*
 * Y[…, i, …] = X[…, start + i·step, …] along each sliced axis        (ONNX Slice)
 *
 * starts, ends and axes are attributes before opset 10, then inputs 1, 2 and 3, with steps as input 4. Starts and ends count from the
 * end when negative and clamp to the axis, so that INT64_MAX says "to the end".
 */

/** Whether everything is taken of an axis of unknown size. */
const takesAll = ({ starts, ends, steps }: SliceSettings, n: number): boolean =>
  starts?.[n] === 0 && steps?.[n] === 1 && (ends?.[n] ?? 0) >= 2 ** 31 - 1

function slicedShape(call: Call<SliceAttributes>, shape: readonly Dim[]): Dim[] {
  const settings = sliceSettings(call, shape.length)
  if (!settings.axes) return shape.map(() => unknownDim())
  const out = [...shape]
  settings.axes.forEach((axis, n) => {
    const size = shape[axis]!
    if (typeof size === 'string' && takesAll(settings, n)) return
    out[axis] = axisSlice(call, settings, n, size)?.count ?? unknownDim()
  })
  return out
}

export const slice = defineOperator({
  name: 'Slice',
  inputs: (opset) =>
    opset < 10 ? ['data'] : ['data', 'starts: whole', 'ends: =starts', 'axes?: =starts', 'steps?: =starts'],
  attributes: (a): SliceAttributes => ({ starts: a.ints('starts'), ends: a.ints('ends'), axes: a.ints('axes') }),
  infer: (call) => {
    const x = required(call, 0)
    return [typed(x.elementType, x.shape && slicedShape(call, x.shape))]
  },
  forward: (call, [x]) => {
    if (!x) return []
    const settings = sliceSettings(call, x.shape.length)
    const strides = stridesOf(x.shape)
    const shape = [...x.shape]
    let base = 0
    for (const [n, axis] of (settings.axes ?? []).entries()) {
      const taken = axisSlice(call, settings, n, x.shape[axis]!)
      if (!taken) return []
      shape[axis] = taken.count
      base += taken.start * strides[axis]!
      strides[axis] = strides[axis]! * taken.step
    }
    return [moved(x, shape, (index) => base + offsetOf(strides, index))]
  },
  cost: 'none',
  accesses: (call: InferredCall<SliceAttributes>) => readWhatIsTaken(call),
  picks: (call: InferredCall<SliceAttributes>) => {
    const shape = call.inputs[0]?.shape ?? []
    const settings = sliceSettings(call, shape.length)
    const taken = settings.axes?.flatMap((axis, n) => {
      const slice = axisSlice(call, settings, n, shape[axis]!)
      return slice?.step === 1 && slice.count === shape[axis] ? [] : [{ axis, slice }]
    })
    const [only, ...others] = taken ?? []
    if (only?.slice?.step !== 1 || others.length > 0) return undefined
    return { axis: only.axis, outputs: [[{ input: 0, first: only.slice.start, count: only.slice.count }]] }
  },
})

export const sliceTraining: TrainingOf<typeof slice> = {
  backward: sliceBackward,
}
