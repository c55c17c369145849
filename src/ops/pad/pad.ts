import { type Dim, elementCount, stridesOf, unknownDim } from '../../base/index.ts'
import type { Call, InferredCall } from '../../graph/index.ts'
import { defineOperator, type TrainingOf } from '../operator.ts'
import { required, typed, wrong } from '../shared/check.ts'
import { moved } from '../shared/moved.ts'
import { padBackward } from './backward.ts'
import { type PadAttributes, paddedAxes, padSource, padsOf, padValue } from './pads.ts'

/*
 * Y = X with `begin` elements put before and `end` behind it along each axis; negative ones are taken away       (ONNX Pad)
 *
 * pads are an attribute before opset 11 (`paddings` in opset 1), then input 1: all begins, then all ends. Input 2 is the value (0), input 3 (opset 18) the
 * axes that pads speak of.
 */

function paddedShape(call: Call<PadAttributes>, shape: readonly Dim[]): Dim[] {
  const pads = padsOf(call, shape.length)
  const touched = paddedAxes(call, shape.length)
  return shape.map((d, axis) => {
    if (!pads) return touched && !touched.includes(axis) ? d : unknownDim()
    const { begin, end } = pads[axis]!
    if (d === 0 && (begin > 0 || end > 0) && call.attributes.mode !== 'constant')
      throw wrong(call, `axis ${axis} has no element that mode ${call.attributes.mode} could repeat`)
    if (typeof d !== 'number') return begin + end === 0 ? d : unknownDim()
    if (d + begin + end < 0) throw wrong(call, `pads ${begin} and ${end} take more from axis ${axis} than it has`)
    return d + begin + end
  })
}

export const pad = defineOperator({
  name: 'Pad',
  inputs: (opset) =>
    ['data', 'pads: whole', 'constant_value?: =data', 'axes?: whole'].slice(0, opset < 11 ? 1 : opset < 18 ? 3 : 4),
  attributes: (a, opset): PadAttributes => ({
    mode: a.choice('mode', ['constant', 'reflect', 'edge', 'wrap'], 'constant'),
    pads: a.ints(opset < 2 ? 'paddings' : 'pads'),
    value: a.float('value', 0),
  }),
  infer: (call) => {
    const x = required(call, 0)
    return [typed(x.elementType, x.shape && paddedShape(call, x.shape))]
  },
  forward: (call, [x]) => {
    const pads = x && padsOf(call, x.shape.length)
    const value = padValue(call)
    if (!x || !pads || value === undefined) return []
    const strides = stridesOf(x.shape)
    const shape = paddedShape(call, x.shape) as number[]
    const source = (index: readonly number[]) => {
      let at = 0
      for (const [axis, i] of index.entries()) {
        const from = padSource(call.attributes.mode, i - pads[axis]!.begin, x.shape[axis]!)
        if (from === undefined) return undefined
        at += from * strides[axis]!
      }
      return at
    }
    return [moved(x, shape, source, value)]
  },
  cost: 'none',
  accesses: (call: InferredCall<PadAttributes>) => {
    const shape = call.inputs[0]?.shape as readonly number[]
    const pads = padsOf(call, shape.length)
    const taken = shape.reduce(
      (n, d, axis) => n * Math.max(0, d + Math.min(0, pads?.[axis]?.begin ?? 0) + Math.min(0, pads?.[axis]?.end ?? 0)),
      1,
    )
    return {
      reads: call.inputs.map((i, n) => (n === 0 ? taken : (elementCount(i?.shape) ?? 0))),
      writes: [elementCount(call.outputs[0]?.shape)!],
    }
  },
})

export const padTraining: TrainingOf<typeof pad> = {
  backward: padBackward,
}
