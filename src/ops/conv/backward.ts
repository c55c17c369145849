import type { AttributeValue, BackwardCall, BackwardRule } from '../../graph/index.ts'
import { shapeIn, shapeOut } from '../shared/backward.ts'
import { slide } from '../shared/window.ts'
import type { ConvAttributes } from './attributes.ts'

/** The sizes of a convolution's window with auto_pad resolved, as attributes of the nodes that compute gradients. */
export function windowOf(call: BackwardCall<ConvAttributes>) {
  const { window, groups } = call.attributes
  const input = shapeIn(call, 0).slice(2)
  const kernelShape = shapeIn(call, 1).slice(2)
  const { pads = [] } = slide(call, window, kernelShape, input)
  const ones = input.map(() => 1)
  return {
    kernel_shape: kernelShape,
    strides: window.strides ?? ones,
    dilations: window.dilations ?? ones,
    pads: pads as readonly number[],
    group: groups,
  }
}

/**
 * dX: every output gradient goes back through the taps that made it, which is a transposed convolution with the same weight. Where the
 * stride left a rest of the input untouched, output_padding brings it back.
 */
export function convInputGradient(call: BackwardCall<ConvAttributes>, dy: string, weight: string): string {
  const window = windowOf(call)
  const input = shapeIn(call, 0).slice(2)
  const output_padding = input.map((size, i) => {
    const reach = (window.kernel_shape[i]! - 1) * window.dilations[i]! + 1
    const padded = size + window.pads[i]! + window.pads[input.length + i]!
    return (padded - reach) % window.strides[i]!
  })
  return call.emit.node('ConvTranspose', [dy, weight], { ...window, output_padding })
}

/** dW of an ordinary convolution: dW[o,c,t] = Σ_{n,p} dY[n,o,p] · X[n,c, p·stride + t·dilation − pad]. */
export function convWeightGradient(call: BackwardCall<ConvAttributes>, x: string, dy: string): string {
  return call.emit.node('ConvWeightGradient', [x, dy], windowOf(call) as Record<string, AttributeValue>, 'ai.kerf')
}

/** Sum over batch and space: what an amount per channel gets. @returns [C] */
export function perChannelSum(call: BackwardCall, dy: string): string {
  const rank = shapeOut(call).length
  const axes = Array.from({ length: rank }, (_, axis) => axis).filter((axis) => axis !== 1)
  return call.emit.sum(dy, axes, false)
}

/** Exact: a convolution is linear in its input and in its weight. */
export const convBackward: BackwardRule<ConvAttributes> = (call) => {
  const [x, w] = call.node.inputs as [string, string]
  const dy = call.gradients[0]!
  return [
    call.needs(0) ? convInputGradient(call, dy, w) : undefined,
    call.needs(1) ? convWeightGradient(call, x, dy) : undefined,
    call.needs(2) ? perChannelSum(call, dy) : undefined,
  ]
}
