import { type BackwardRule, float } from '../../graph/index.ts'
import { perChannelSum } from '../conv/backward.ts'
import { algebra, shapeIn } from '../shared/backward.ts'
import type { BatchNormalizationAttributes } from './attributes.ts'

/**
 * In training mode mean and variance depend on X (see BatchNormalizationGradient); in inference they are inputs like any other, d = √(var + ε):
 *   dX = dY·scale/d    dscale = Σ dY·(X − mean)/d    dbias = Σ dY    dmean = −dbias·scale/d    dvar = −½·dscale·scale/d²
 * Running statistics are no function to learn through: in training they get no gradient.
 */
export const batchNormalizationBackward: BackwardRule<BatchNormalizationAttributes> = (call) => {
  const [x, scale, , mean, variance] = call.node.inputs as [string, string, string, string, string]
  const { epsilon, training, perElement } = call.attributes
  const { emit } = call
  const [dy] = call.gradients
  if (dy === undefined) return []
  if (training)
    return emit.nodes('BatchNormalizationGradient', [dy, x, scale], 3, { epsilon: float(epsilon) }, 'ai.kerf')
  const { add, sub, mul, div, of } = algebra(emit)
  const shape = shapeIn(call, 0)
  const vector = shapeIn(call, 1)
  const perChannel = (v: string) => (perElement ? v : emit.reshape(v, [shape[1]!, ...shape.slice(2).map(() => 1)]))
  const summed = (v: string) => (perElement ? emit.unbroadcast(v, shape, vector) : perChannelSum(call, v))
  const deviation = of('Sqrt', add(variance, epsilon))
  const factor = div(scale, deviation)
  const [needsScale, needsBias] = [call.needs(1) || call.needs(4), call.needs(2) || call.needs(3)]
  const dscale = needsScale && summed(mul(dy, div(sub(x, perChannel(mean)), perChannel(deviation))))
  const dbias = needsBias && summed(dy)
  return [
    call.needs(0) ? mul(dy, perChannel(factor)) : undefined,
    dscale || undefined,
    dbias || undefined,
    call.needs(3) && dbias ? mul(mul(dbias, factor), -1) : undefined,
    call.needs(4) && dscale ? div(mul(mul(dscale, factor), -0.5), deviation) : undefined,
  ]
}
