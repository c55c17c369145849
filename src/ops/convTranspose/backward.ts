import type { AttributeValue, BackwardRule } from '../../graph/index.ts'
import { perChannelSum } from '../conv/backward.ts'
import { gradientOf, shapeIn, shapeOut } from '../shared/backward.ts'
import type { ConvTransposeAttributes } from './attributes.ts'
import { transposedWindow } from './forward.ts'

/**
 * A transposed convolution is the way back through a convolution, so its own way back is that convolution, with the same weight; and its
 * weight gradient is that convolution's, input and output exchanged.
 */
export const convTransposeBackward: BackwardRule<ConvTransposeAttributes> = (call) => {
  const { emit } = call
  const [x, w] = call.node.inputs as [string, string]
  const [from, to] = [shapeIn(call, 0).slice(2), shapeOut(call).slice(2)]
  const { kernelShape, strides, dilations, pads } = transposedWindow(call, from, to, shapeIn(call, 1).slice(2))
  const ends = from.map((count, i) => {
    const [stride, begin, end] = [strides[i], pads[i], pads[from.length + i]] as [number, number, number]
    const reach = (kernelShape[i]! - 1) * dilations[i]! + 1
    const rest = to[i]! + begin + end - reach - (count - 1) * stride
    // Output that no tap reaches would make room for more positions than X has.
    return rest < stride ? end : end - rest
  })
  const window: Record<string, AttributeValue> = {
    kernel_shape: kernelShape,
    strides,
    dilations,
    pads: [...pads.slice(0, from.length), ...ends],
    group: call.attributes.groups,
  }
  const dy = gradientOf(call)
  return [
    call.needs(0) ? emit.node('Conv', [dy, w], window) : undefined,
    call.needs(1) ? emit.node('ConvWeightGradient', [dy, x], window, 'ai.kerf') : undefined,
    call.needs(2) ? perChannelSum(call, dy) : undefined,
  ]
}
