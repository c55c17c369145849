import { type Dim, elementCount, unknownDim } from '../base/index.ts'
import type { Call } from '../graph/index.ts'
import { type ChannelsOf, defineOperator, type ReferenceOf, type TrainingOf } from './operator.ts'
import { worksAlong } from './shared/axis-tracks.ts'
import { gradientOf, shapeIn } from './shared/backward.ts'
import { axisOf, dense, required, typed, wrong } from './shared/check.ts'
import { eachLine, linesAlong } from './shared/indices.ts'
import { setting } from './shared/settings.ts'

interface TopKAttributes {
  readonly axis: number
  readonly k: number | undefined
  readonly largest: boolean
}

/** How many are taken, and the output's shape. */
function topShape(call: Call<TopKAttributes>, shape: readonly Dim[]): Dim[] {
  const axis = axisOf(call, call.attributes.axis, shape.length)
  const given = setting(call, call.attributes.k === undefined ? undefined : [call.attributes.k], 1)
  if (!given.given) throw wrong(call, 'k is missing')
  const k = given.values?.[0]
  const size = shape[axis]
  if (k !== undefined && (k < 0 || (typeof size === 'number' && k > size)))
    throw wrong(call, `k ${k} is out of range for ${size} elements`)
  return shape.map((d, a) => (a === axis ? (k ?? unknownDim()) : d))
}

/**
 * The k largest (or least) elements along an axis and where they were, sorted (ONNX TopK; k is an attribute before opset 10, then
 * input 1). Counted as one comparison per element: a scan against the worst of the best so far.
 */
export const topK = defineOperator({
  name: 'TopK',
  inputs: (opset) => (opset < 10 ? ['X: numeric'] : ['X: numeric', 'K: whole']),
  attributes: (a): TopKAttributes => ({ axis: a.int('axis', -1), k: a.size('k', 0), largest: a.flag('largest', true) }),
  infer: (call) => {
    const x = required(call, 0)
    const shape = x.shape && topShape(call, x.shape)
    return [typed(x.elementType, shape), typed('int64', shape)]
  },
  cost: (call) => ({ others: elementCount(call.inputs[0]?.shape)! }),
})

export const topKChannels: ChannelsOf<typeof topK> = {
  tie: (call, ties) => worksAlong(call, ties, [axisOf(call, call.attributes.axis, call.inputs[0]?.shape?.length ?? 0)]),
}

/** Less than 0 where a comes before b, counted upwards. What is no number is greater than all that are, as NumPy has it in ONNX's reference, and PyTorch. */
const upwards = (a: number, b: number): number =>
  a < b ? -1 : a > b ? 1 : Number(Number.isNaN(a)) - Number(Number.isNaN(b))

export const topKReference: ReferenceOf<typeof topK> = {
  forward: (call, [x]) => {
    if (!x) return []
    const shape = topShape(call, x.shape) as number[]
    const axis = axisOf(call, call.attributes.axis, x.shape.length)
    const [from, to] = [linesAlong(x.shape, axis), linesAlong(shape, axis)]
    const values = new Float64Array(elementCount(shape)!)
    const indices = new Float64Array(values.length)
    const sign = call.attributes.largest ? -1 : 1
    const places: ((i: number) => number)[] = []
    eachLine(to, (at) => places.push(at))
    let line = 0
    eachLine(from, (at) => {
      const value = (i: number) => x.data[at(i)]!
      const order = Array.from({ length: from.size }, (_, i) => i).sort(
        (a, b) => sign * upwards(value(a), value(b)) || a - b,
      )
      const place = places[line++]!
      for (let i = 0; i < to.size; i++) {
        values[place(i)] = value(order[i]!)
        indices[place(i)] = order[i]!
      }
    })
    return [dense(x.elementType, shape, values), dense('int64', shape, indices)]
  },
}

export const topKTraining: TrainingOf<typeof topK> = {
  // To where the values were.
  backward: (call) => {
    const { emit, node } = call
    const indices = node.outputs[1] || emit.nodes('TopK', node.inputs, 2, Object.fromEntries(node.attributes))[1]!
    const axis = axisOf(call, call.attributes.axis, shapeIn(call, 0).length)
    return [emit.node('ScatterElements', [emit.zeros(shapeIn(call, 0)), indices, gradientOf(call)], { axis })]
  },
}
