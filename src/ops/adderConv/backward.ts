import type { AttributeValue, BackwardRule } from '../../graph/index.ts'
import type { ConvAttributes } from '../conv/attributes.ts'
import { convWeightGradient, perChannelSum, windowOf } from '../conv/backward.ts'
import { shapeIn } from '../shared/backward.ts'

/*
 * Surrogates (AdderNet, Chen et al., CVPR 2020, sections 3.2 and 3.3). The derivative ∂Y/∂W = sgn(X − W) only knows directions; training
 * takes the full-precision difference instead, and clips the one for the input, so that errors do not grow from layer to layer:
 *
 *   dW[o,c,t] = Σ_p dY[o,p] · (X[c,p,t] − W[o,c,t])            choice AdderConv.weight: full (default), sign
 *   dX[c,q]   = Σ_{o,p,t} dY[o,p] · HardTanh(W[o,c,t] − X[c,q])   choice AdderConv.input: clip (default), full, sign
 *
 * The full one is the weight gradient of an ordinary convolution and a correction of rank one:
 *   Σ_p dY·(X − W) = Σ_p dY·X − W · Σ_p dY
 */

/** How the difference of weight and input becomes a gradient. */
export const differences = ['clip', 'full', 'sign'] as const
export type Difference = (typeof differences)[number]

export const adderConvBackward: BackwardRule<ConvAttributes> = (call) => {
  const [x, w] = call.node.inputs as [string, string]
  const dy = call.gradients[0]!
  const { emit } = call
  const window = windowOf(call) as Record<string, AttributeValue>
  const weightRank = shapeIn(call, 1).length
  const forWeight = call.choice('AdderConv.weight', ['full', 'sign'])
  const forInput = call.choice('AdderConv.input', differences)
  const sums = () => {
    const total = perChannelSum(call, dy)
    const [outChannels = 1] = shapeIn(call, 1)
    return emit.reshape(total, [outChannels, ...new Array<number>(weightRank - 1).fill(1)])
  }
  const weightGradient = () =>
    forWeight === 'sign'
      ? emit.node('AdderConvWeightGradient', [dy, x, w], window, 'ai.kerf')
      : emit.node('Sub', [convWeightGradient(call, x, dy), emit.node('Mul', [w, sums()])])
  return [
    call.needs(0)
      ? emit.node('AdderConvInputGradient', [dy, x, w], { ...window, difference: forInput }, 'ai.kerf')
      : undefined,
    call.needs(1) ? weightGradient() : undefined,
    call.needs(2) ? perChannelSum(call, dy) : undefined,
  ]
}
