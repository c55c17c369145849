import { type Dim, elementCount, type Shape, unknownDim } from '../base/index.ts'
import type { Call, ChannelRule } from '../graph/index.ts'
import { defineOperator, type ReferenceOf, type TrainingOf } from './operator.ts'
import { gradientOf } from './shared/backward.ts'
import { contentOf, dense, placeOf, required, typed, wrong } from './shared/check.ts'
import { type Window, windowAttributes } from './shared/window.ts'

/*
 * Puts X[i] at the flat index I[i] of a tensor of zeros (ONNX MaxUnpool, opset 9, 11, 22): undoes MaxPool. X, I [N, C, spatial…]; the
 * output's size is that of a transposed convolution, or the third input's.
 */

function unpooledShape(call: Call<Window>): Shape | undefined {
  const x = required(call, 0).shape
  const { kernelShape, strides, pads } = call.attributes
  if (!x) return undefined
  const rank = x.length - 2
  if (kernelShape?.length !== rank) throw wrong(call, `kernel_shape [${kernelShape}] should have ${rank} entries`)
  if (call.inputs[2]) {
    const size = contentOf(call, 2)
    if (size && size.length !== x.length) throw wrong(call, `output_shape [${size}] should have ${x.length} entries`)
    return size ?? x.map(() => unknownDim())
  }
  const spatial = x.slice(2).map((d, i): Dim => {
    if (typeof d !== 'number') return unknownDim()
    return (d - 1) * (strides?.[i] ?? 1) + kernelShape[i]! - (pads?.[i] ?? 0) - (pads?.[rank + i] ?? 0)
  })
  return [...x.slice(0, 2), ...spatial]
}

export const maxUnpoolChannels: ChannelRule<Window> = {
  tie(call, ties) {
    // The indices count within the whole tensor: they follow only when the MaxPool that made them loses the same channels.
    if (!ties.isTracked(0, 1)) return
    const labels = ties.labels(0, 1)
    ties.unite(labels, ties.labels(1, 1))
    if (call.inputs[2] && !ties.isConstant(2)) ties.freeze(labels, 'its output_shape is computed, not stored')
    ties.setOutput(0, [{ axes: [1], labels }])
  },
  cut(call, cut) {
    const kept = cut.keptInput(0, 1)
    const size = contentOf(call, 2)
    if (kept && size) cut.setInputInts(2, size.with(1, kept.length))
  },
}

export const maxUnpool = defineOperator({
  name: 'MaxUnpool',
  inputs: ['X: floating [N, C, …]', 'I: whole [N, C, …]', 'output_shape?: whole'],
  attributes: windowAttributes,
  infer: (call) => [typed(required(call, 0).elementType, unpooledShape(call))],
  cost: 'none',
})

export const maxUnpoolReference: ReferenceOf<typeof maxUnpool> = {
  forward: (call, [x, indices]) => {
    if (!x || !indices) return []
    const shape = unpooledShape(call) as readonly number[]
    const data = new Float64Array(elementCount(shape)!)
    for (let i = 0; i < x.data.length; i++) data[placeOf(call, indices.data[i]!, data.length)] = x.data[i]!
    return [dense(x.elementType, shape, data)]
  },
}

export const maxUnpoolTraining: TrainingOf<typeof maxUnpool> = {
  // X lies at known places of Y.
  backward: (call) => {
    const flat = call.emit.reshape(gradientOf(call), [-1])
    return [call.emit.node('Gather', [flat, call.node.inputs[1]!], { axis: 0 })]
  },
}
