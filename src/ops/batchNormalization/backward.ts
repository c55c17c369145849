import { type BackwardRule, float } from '../../graph/index.ts'
import { shapeIn } from '../backward.ts'
import { perChannelSum } from '../conv/backward.ts'
import type { BatchNormalizationAttributes } from './batchNormalization.ts'

/**
 * In training mode mean and variance depend on X (see BatchNormalizationGradient); in inference they are constants:
 *   dX = dY·scale/√(var + ε)    dscale = Σ dY·(X − mean)/√(var + ε)    dbias = Σ dY
 * Running statistics are no function to learn through: they get no gradient.
 */
export const batchNormalizationBackward: BackwardRule<BatchNormalizationAttributes> = (call) => {
  const [x, scale, , mean, variance] = call.node.inputs as [string, string, string, string, string]
  const { epsilon, training, perElement } = call.attributes
  const { emit } = call
  const [dy] = call.gradients
  if (dy === undefined) return []
  if (training)
    return emit.nodes('BatchNormalizationGradient', [dy, x, scale], 3, { epsilon: float(epsilon) }, 'ai.kerf')
  const shape = shapeIn(call, 0)
  const vector = shapeIn(call, 1)
  const perChannel = (v: string) =>
    perElement ? v : emit.reshape(v, [shape[1] as number, ...shape.slice(2).map(() => 1)])
  const summed = (v: string) => (perElement ? emit.unbroadcast(v, shape, vector) : perChannelSum(call, v))
  const deviation = emit.node('Sqrt', [emit.node('Add', [variance, emit.floats([epsilon])])])
  const normalised = () => emit.node('Div', [emit.node('Sub', [x, perChannel(mean)]), perChannel(deviation)])
  return [
    call.needs(0) ? emit.node('Mul', [dy, perChannel(emit.node('Div', [scale, deviation]))]) : undefined,
    call.needs(1) ? summed(emit.node('Mul', [dy, normalised()])) : undefined,
    call.needs(2) ? summed(dy) : undefined,
  ]
}
