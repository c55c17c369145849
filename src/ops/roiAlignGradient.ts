import { defineOperator, type ReferenceOf } from './operator.ts'
import { alignRegionsBack, type RoiAlignAttributes } from './roiAlign/forward.ts'
import { roiAlignAttributes } from './roiAlign/roiAlign.ts'
import { commonType, required, typed } from './shared/check.ts'
import { arithmetic, doubles } from './shared/numbers.ts'

/*
 * dX[n,c,q] = Σ weight · dY[r,c,p] over the samples of cells p of boxes r that X[n,c,q] is part of; in mode max over the cells whose greatest it is
 *
 * The gradient of RoiAlign. Inputs dY [R, C, height, width], X [N, C, H, W], boxes [R, 4], images [R]; attributes as RoiAlign since opset 16. In
 * training graphs only.
 */
export const roiAlignGradient = defineOperator({
  name: 'RoiAlignGradient',
  domain: 'ai.kerf',
  inputs: ['dY [R, C, _, _]', 'X [N, C, _, _]', 'boxes [R, 4]', 'images [R]'],
  attributes: (a): RoiAlignAttributes => roiAlignAttributes(a, 16),
  infer: (call) => [typed(commonType(call, [0, 1], 'floating'), required(call, 1).shape)],
  // How many samples a box takes depends on its size.
  cost: 'data-dependent',
})

export const roiAlignGradientReference: ReferenceOf<typeof roiAlignGradient> = {
  forward: (call, [dy, x, boxes, images]) =>
    dy && x && boxes && images
      ? [arithmetic(x.elementType, alignRegionsBack(dy, doubles(x), boxes, images, call.attributes))]
      : [],
}
