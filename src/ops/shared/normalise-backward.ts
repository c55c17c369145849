import { elementCount } from '../../base/index.ts'
import { type BackwardCall, float } from '../../graph/index.ts'
import { algebra, shapeIn } from './backward.ts'

/*
 * x̂ = (x − μ) / √(σ² + ε) over sets of elements that lie behind one another. Seen as [1, sets, elements] these are the channels of a
 * BatchNormalization in training mode, so its operators do the work.
 */

/** The input as sets of elements, and back. */
export interface SetsView {
  readonly sets: number
  readonly epsilon: number
}

const view = (call: BackwardCall, value: string, sets: number) => {
  const count = elementCount(shapeIn(call, 0))!
  return call.emit.reshape(value, [1, sets, count / sets])
}

/** x̂, of the shape of X. */
export function standardisedNode(call: BackwardCall, { sets, epsilon }: SetsView): string {
  const { emit, node } = call
  const ones = emit.expand(emit.floats([1]), [sets])
  const zeros = emit.zeros([sets])
  const [y] = emit.nodes('BatchNormalization', [view(call, node.inputs[0]!, sets), ones, zeros, zeros, ones], 3, {
    epsilon: float(epsilon),
    training_mode: 1,
  })
  return emit.reshape(y!, shapeIn(call, 0))
}

/** dX from the gradient of x̂, which has the shape of X. */
export function standardisedBackward(call: BackwardCall, gradient: string, { sets, epsilon }: SetsView): string {
  const { emit, node } = call
  const x = view(call, node.inputs[0]!, sets)
  const ones = emit.expand(emit.floats([1]), [sets])
  const [dx] = emit.nodes(
    'BatchNormalizationGradient',
    [view(call, gradient, sets), x, ones],
    3,
    { epsilon: float(epsilon) },
    'ai.kerf',
  )
  return emit.reshape(dx!, shapeIn(call, 0))
}

/**
 * The gradients of y = x̂ · scale + bias.
 * @param scale input 1 as it broadcasts to X
 * @param parameter the gradient of input 1 or 2 from one per element of X
 */
export function affineBackward(
  call: BackwardCall,
  sets: SetsView,
  scale: () => string,
  parameter: (perElement: string, input: number) => string,
): (string | undefined)[] {
  const dy = call.gradients[0]!
  const { mul } = algebra(call.emit)
  return [
    call.needs(0) ? standardisedBackward(call, mul(dy, scale()), sets) : undefined,
    call.needs(1) ? parameter(mul(dy, standardisedNode(call, sets)), 1) : undefined,
    call.needs(2) ? parameter(dy, 2) : undefined,
  ]
}

/** A vector with one entry per channel of X [N, C, …], in a shape that broadcasts to it. */
export const channelsOf = (call: BackwardCall, vector: string): string => {
  const [, channels = 1, ...space] = shapeIn(call, 0)
  return call.emit.reshape(vector, [channels, ...space.map(() => 1)])
}
