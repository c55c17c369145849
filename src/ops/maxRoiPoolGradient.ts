import { maxOverRegionsBack } from './maxRoiPool/forward.ts'
import { maxRoiPoolAttributes } from './maxRoiPool/maxRoiPool.ts'
import { defineOperator, type ReferenceOf } from './operator.ts'
import { commonType, required, typed } from './shared/check.ts'
import { arithmetic, doubles } from './shared/numbers.ts'

/*
 * dX[n,c,q] = Σ dY[r,c,p] over the cells p of boxes r whose greatest element is X[n,c,q], the first one where there are several
 *
 * The gradient of MaxRoiPool. Inputs dY [R, C, height, width], X [N, C, H, W], boxes [R, 5]; attributes as MaxRoiPool. In training graphs only.
 */
export const maxRoiPoolGradient = defineOperator({
  name: 'MaxRoiPoolGradient',
  domain: 'ai.kerf',
  inputs: ['dY [R, C, _, _]', 'X [N, C, _, _]', 'boxes [R, 5]'],
  attributes: maxRoiPoolAttributes,
  infer: (call) => [typed(commonType(call, [0, 1], 'floating'), required(call, 1).shape)],
  // How many elements a cell covers depends on its box.
  cost: 'data-dependent',
})

export const maxRoiPoolGradientReference: ReferenceOf<typeof maxRoiPoolGradient> = {
  forward: (call, [dy, x, boxes]) => {
    const { pooledShape, spatialScale } = call.attributes
    if (!dy || !x || !boxes) return []
    const size = pooledShape! as readonly [number, number]
    return [arithmetic(x.elementType, maxOverRegionsBack(dy, doubles(x), boxes, size, spatialScale))]
  },
}
