import { elementCount } from '../base/index.ts'
import { sampleBack } from './gridSample/forward.ts'
import { gridSampleAttributes, interpolationTaps } from './gridSample/gridSample.ts'
import { defineOperator, type ReferenceOf } from './operator.ts'
import { commonType, required, typed } from './shared/check.ts'
import { arithmetic, doubles } from './shared/numbers.ts'

/*
 * dX[n,c,q] = Σ_p w(q, grid[n,p]) · dY[n,c,p]      dGrid[n,p,a] = Σ_c Σ_q ∂w(q, grid[n,p])/∂grid[n,p,a] · X[n,c,q] · dY[n,c,p]
 *
 * The gradients of GridSample, w the weight of an element at a place. Where places are nearest, or clamped to the border, they do not move with the
 * grid. Inputs dY [N, C, out…], X [N, C, space…], grid [N, out…, axes]; attributes as GridSample. In training graphs only.
 */

/** Cost: per element that is part of a point, one multiplication and addition for X, two for each coordinate. */
export const gridSampleGradient = defineOperator({
  name: 'GridSampleGradient',
  domain: 'ai.kerf',
  inputs: ['dY [N, C, …]', 'X [N, C, …]', 'grid [N, …]'],
  attributes: gridSampleAttributes,
  infer: (call) => [
    typed(commonType(call, [0, 1], 'floating'), required(call, 1).shape),
    typed(required(call, 2).elementType, required(call, 2).shape),
  ],
  cost: (call) => {
    const space = (call.inputs[1]?.shape?.length ?? 0) - 2
    const terms = Math.max(1, interpolationTaps(call)) ** space * elementCount(call.inputs[0]?.shape)!
    return {
      muls: (1 + 2 * space) * terms,
      adds: (1 + space) * terms,
      others: elementCount(call.inputs[2]?.shape)!,
    }
  },
})

export const gridSampleGradientReference: ReferenceOf<typeof gridSampleGradient> = {
  forward: (call, [dy, x, grid]) => {
    if (!dy || !x || !grid) return []
    const [dx, dGrid] = sampleBack(dy, doubles(x), grid, call.attributes)
    return [arithmetic(x.elementType, dx), arithmetic(grid.elementType, dGrid)]
  },
}
