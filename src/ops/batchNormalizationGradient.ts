import { elementCount } from '../base/index.ts'
import { defineOperator, type ReferenceOf } from './operator.ts'
import { commonType, dense, required, typed } from './shared/check.ts'
import { setsAlong } from './shared/indices.ts'
import { momentsOf } from './shared/normalise-forward.ts'
import { doubles } from './shared/numbers.ts'

/*
 * Gradients of BatchNormalization in training mode, with m elements per channel, x̂ = (x − mean) / √(var + ε):
 *
 *   dscale = Σ dY·x̂      dbias = Σ dY      dX = scale / √(var + ε) · (dY − dbias/m − x̂·dscale/m)
 *
 * (Ioffe and Szegedy 2015, section 3.) Inputs dY, X [N, C, …], scale [C]; outputs dX, dscale, dbias; attribute epsilon. Mean and variance are
 * calculated again from X rather than kept. In training graphs only.
 */

export interface BatchNormalizationGradientAttributes {
  readonly epsilon: number
}

/** Cost: the statistics again (2 additions and a multiplication per element), two sums and the affine step. */
export const batchNormalizationGradient = defineOperator({
  name: 'BatchNormalizationGradient',
  domain: 'ai.kerf',
  inputs: ['dY [N, C, …]', 'X [N, C, …]', 'scale [C]'],
  attributes: (a): BatchNormalizationGradientAttributes => ({ epsilon: a.float('epsilon', 1e-5) }),
  infer: (call) => {
    const type = commonType(call, [0, 1, 2], 'floating')
    const { shape } = required(call, 2)
    return [typed(type, required(call, 1).shape), typed(type, shape), typed(type, shape)]
  },
  cost: (call) => {
    const n = elementCount(call.inputs[0]?.shape)!
    return { adds: 7 * n, muls: 5 * n }
  },
})

export const batchNormalizationGradientReference: ReferenceOf<typeof batchNormalizationGradient> = {
  forward: (call, [dy, x, scale]) => {
    if (!dy || !x || !scale) return []
    const { epsilon } = call.attributes
    const [g, v] = [doubles(dy).data, doubles(x).data]
    const channels = x.shape[1]!
    const dx = new Float64Array(v.length)
    const dScale = new Float64Array(channels)
    const dBias = new Float64Array(channels)
    const { starts, offsets } = setsAlong(
      x.shape,
      x.shape.flatMap((_, axis) => (axis === 1 ? [] : [axis])),
    )
    starts.forEach((start, c) => {
      const { mean, variance } = momentsOf(v, start, offsets)
      const inverse = 1 / Math.sqrt(variance + epsilon)
      const normalised = (at: number) => (v[at]! - mean) * inverse
      for (const offset of offsets) {
        dBias[c] = dBias[c]! + g[start + offset]!
        dScale[c] = dScale[c]! + g[start + offset]! * normalised(start + offset)
      }
      const factor = scale.data[c]! * inverse
      for (const offset of offsets) {
        const at = start + offset
        const rest = (dBias[c]! + normalised(at) * dScale[c]!) / offsets.length
        dx[at] = factor * (g[at]! - rest)
      }
    })
    const vector = (data: Float64Array) => dense(x.elementType, [channels], data)
    return [dense(x.elementType, x.shape, dx), vector(dScale), vector(dBias)]
  },
}
