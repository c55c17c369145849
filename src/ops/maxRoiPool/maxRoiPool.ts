import { unknownDim } from '../../base/index.ts'
import { type AttributeReader, type Call, float } from '../../graph/index.ts'
import { defineOperator, type ReferenceOf, type TrainingOf } from '../operator.ts'
import { gradientOf } from '../shared/backward.ts'
import { commonType, required, typed, wrong } from '../shared/check.ts'
import { arithmetic, doubles } from '../shared/numbers.ts'
import { maxOverRegions, maxOverRegionsBack } from './forward.ts'

export interface MaxRoiPoolAttributes {
  readonly pooledShape: readonly number[] | undefined
  readonly spatialScale: number
}

export const maxRoiPoolAttributes = (a: AttributeReader): MaxRoiPoolAttributes => ({
  pooledShape: a.sizes('pooled_shape'),
  spatialScale: a.float('spatial_scale', 1),
})

/** How many cells a region has, by rows and columns. */
export function cellsOf(call: Call<MaxRoiPoolAttributes>): readonly number[] {
  const { pooledShape } = call.attributes
  if (pooledShape?.length !== 2) throw wrong(call, 'pooled_shape should have two entries')
  return pooledShape
}

/** The greatest of X in each cell of each region: X [N, C, H, W], boxes [R, 5], Y [R, C, height, width] (ONNX MaxRoiPool). Corners are rounded: no gradient for boxes. */
export const maxRoiPool = defineOperator({
  name: 'MaxRoiPool',
  inputs: ['X: floating [N, C, H, W]', 'rois: =X [R, 5]'],
  attributes: maxRoiPoolAttributes,
  infer: (call) => {
    const x = required(call, 0)
    const boxes = required(call, 1).shape
    const pooledShape = cellsOf(call)
    return [typed(x.elementType, [boxes?.[0] ?? unknownDim(), x.shape?.[1] ?? unknownDim(), ...pooledShape])]
  },
  // How many elements a cell covers depends on its box.
  cost: 'data-dependent',
})

export const maxRoiPoolReference: ReferenceOf<typeof maxRoiPool> = {
  forward: (call, [x, boxes]) => {
    const { pooledShape, spatialScale } = call.attributes
    if (!x || !boxes) return []
    const y = maxOverRegions(doubles(x), boxes, pooledShape as [number, number], spatialScale)
    return [arithmetic(x.elementType, y)]
  },
}

export const maxRoiPoolTraining: TrainingOf<typeof maxRoiPool> = {
  backward: (call) => {
    const [x, boxes] = call.node.inputs as [string, string]
    const { pooledShape, spatialScale } = call.attributes
    const attributes = { pooled_shape: pooledShape!, spatial_scale: float(spatialScale) }
    return [call.emit.node('MaxRoiPoolGradient', [gradientOf(call), x, boxes], attributes, 'ai.kerf')]
  },
}

/*
 * dX[n,c,q] = Σ dY[r,c,p] over the cells p of boxes r whose greatest element is X[n,c,q], the first one where there are several
 *
 * The gradient of MaxRoiPool. Inputs dY [R, C, height, width], X [N, C, H, W], boxes [R, 5]; attributes as MaxRoiPool. In training graphs only.
 */
export const maxRoiPoolGradient = defineOperator({
  name: 'MaxRoiPoolGradient',
  domain: 'ai.kerf',
  inputs: ['dY: floating [R, C, _, _]', 'X: floating [N, C, _, _]', 'boxes: floating [R, 5]'],
  attributes: maxRoiPoolAttributes,
  infer: (call) => {
    cellsOf(call)
    return [typed(commonType(call, [0, 1]), required(call, 1).shape)]
  },
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
