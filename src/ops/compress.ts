import { elementCount, unknownDim } from '../base/index.ts'
import { defineOperator, type TrainingOf } from './operator.ts'
import { mapAxisBack } from './resample/emit.ts'
import { gradientOf, shapeIn } from './shared/backward.ts'
import { axisOf, contentOf, dense, required, typed, wrong } from './shared/check.ts'
import { linesAlong } from './shared/indices.ts'
import { moved } from './shared/moved.ts'

const takenBy = (condition: ArrayLike<number>): number[] => Array.from(condition).flatMap((c, i) => (c ? [i] : []))

/** X at the indices along `axis` (of X as a vector by default) where the condition holds (ONNX Compress). */
export const compress = defineOperator({
  name: 'Compress',
  inputs: ['input', 'condition: bool [K]'],
  attributes: (a) => ({ axis: a.int('axis') }),
  infer: (call) => {
    const x = required(call, 0)
    const { axis: given } = call.attributes
    const size = given === undefined ? elementCount(x.shape) : x.shape?.[axisOf(call, given, x.shape.length)]
    const length = call.inputs[1]?.shape?.[0]
    if (typeof size === 'number' && typeof length === 'number' && length > size)
      throw wrong(call, `a condition of ${length} for ${size} elements`)
    const count = contentOf(call, 1)?.filter((c) => c !== 0).length ?? unknownDim()
    const { axis } = call.attributes
    if (axis === undefined) return [typed(x.elementType, [count])]
    return [typed(x.elementType, x.shape?.with(axisOf(call, axis, x.shape.length), count))]
  },
  forward: (call, [x, condition]) => {
    if (!x || !condition) return []
    const taken = takenBy(condition.data as ArrayLike<number>)
    const { axis } = call.attributes
    if (axis === undefined) return [moved(x, [taken.length], ([i]) => taken[i!])]
    const along = axisOf(call, axis, x.shape.length)
    const { outer, size, inner } = linesAlong(x.shape, along)
    const out = new Float64Array(outer * taken.length * inner)
    let at = 0
    for (let o = 0; o < outer; o++)
      for (const i of taken) for (let n = 0; n < inner; n++) out[at++] = x.data[(o * size + i) * inner + n]!
    return [dense(x.elementType, x.shape.with(along, taken.length), out)]
  },
  cost: 'data-dependent',
})

export const compressTraining: TrainingOf<typeof compress> = {
  // Every element that was taken gets its gradient, the others none. (Where the condition is no constant, the shape of Y is not known.)
  backward: (call) => {
    const shape = shapeIn(call, 0)
    const { axis } = call.attributes
    const taps = takenBy(contentOf(call, 1) ?? []).map((index) => [{ index, weight: 1 }])
    if (axis !== undefined) {
      const along = axisOf(call, axis, shape.length)
      return [mapAxisBack(call, gradientOf(call), along, shape[along]!, taps)]
    }
    return [call.emit.reshape(mapAxisBack(call, gradientOf(call), 0, elementCount(shape)!, taps), shape)]
  },
}
