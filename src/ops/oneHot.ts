import { type Dim, elementCount, unknownDim } from '../base/index.ts'
import type { Call } from '../graph/index.ts'
import { defineOperator, type TrainingOf } from './operator.ts'
import { gradientOf, shapeOut } from './shared/backward.ts'
import { axisOf, contentOf, dense, required, typed, wrong } from './shared/check.ts'
import { linesAlong } from './shared/indices.ts'

const newAxis = (call: Call<{ axis: number }>, rank: number): number => axisOf(call, call.attributes.axis, rank + 1)

/** How many there are to choose from; undefined where that depends on data. */
function depthOf(call: Call): number | undefined {
  const given = contentOf(call, 1)?.[0]
  const depth = given === undefined ? undefined : Math.trunc(given)
  if (depth !== undefined && !(depth >= 0)) throw wrong(call, `depth ${given} is no number of classes`)
  return depth
}

/** Y = on where the index on a new axis is the element of X, else off; values [off, on] at input 2 (ONNX OneHot). */
export const oneHot = defineOperator({
  name: 'OneHot',
  inputs: ['indices: numeric', 'depth: numeric (1)', 'values [2]'],
  attributes: (a) => ({ axis: a.int('axis', -1) }),
  infer: (call) => {
    const { shape } = required(call, 0)
    const { elementType } = required(call, 2)
    if (!shape) return [typed(elementType, undefined)]
    const axis = newAxis(call, shape.length)
    const depth: Dim = depthOf(call) ?? unknownDim()
    return [typed(elementType, [...shape.slice(0, axis), depth, ...shape.slice(axis)])]
  },
  forward: (call, [x, , values]) => {
    const depth = depthOf(call)
    if (!x || !values || depth === undefined) return []
    const axis = newAxis(call, x.shape.length)
    const shape = [...x.shape.slice(0, axis), depth, ...x.shape.slice(axis)]
    const { outer, size, inner } = linesAlong(shape, axis)
    const out = new Float64Array(outer * size * inner).fill(values.data[0]!)
    for (let o = 0; o < outer; o++)
      for (let n = 0; n < inner; n++) {
        const index = Math.trunc(x.data[o * inner + n]!)
        if (index >= -size && index < size)
          out[(o * size + (index < 0 ? index + size : index)) * inner + n] = values.data[1]!
      }
    return [dense(values.elementType, shape, out)]
  },
  cost: 'none',
  accesses: (call) => ({
    reads: call.inputs.map((x) => elementCount(x?.shape) ?? 0),
    writes: [elementCount(call.outputs[0]?.shape)!],
  }),
})

export const oneHotTraining: TrainingOf<typeof oneHot> = {
  // Of the values: Y = off + (on − off) · H, with H the same code of 0 and 1.
  backward: (call) => {
    const { emit, node } = call
    const [x, depth] = node.inputs as [string, string]
    const axes = shapeOut(call).map((_, axis) => axis)
    const total = (value: string) => emit.reshape(emit.sum(value, axes), [1])
    const code = emit.node('OneHot', [x, depth, emit.floats([0, 1], [2])], { axis: call.attributes.axis })
    const on = total(emit.node('Mul', [gradientOf(call), code]))
    const off = emit.node('Sub', [total(gradientOf(call)), on])
    return [undefined, undefined, emit.node('Concat', [off, on], { axis: 0 })]
  },
}
