import { unknownDim } from '../../base/index.ts'
import { type AttributeReader, float } from '../../graph/index.ts'
import { defineOperator, type ReferenceOf, type TrainingOf } from '../operator.ts'
import { gradientOf } from '../shared/backward.ts'
import { commonType, required, typed, wrong } from '../shared/check.ts'
import { arithmetic, doubles } from '../shared/numbers.ts'
import { alignRegions, alignRegionsBack, type RoiAlignAttributes } from './forward.ts'

export const roiAlignAttributes = (a: AttributeReader, opset: number): RoiAlignAttributes => ({
  height: a.size('output_height', 1, 1),
  width: a.size('output_width', 1, 1),
  samplingRatio: a.size('sampling_ratio', 0, 0),
  spatialScale: a.float('spatial_scale', 1),
  halfPixel:
    opset >= 16 &&
    a.choice('coordinate_transformation_mode', ['half_pixel', 'output_half_pixel'], 'half_pixel') === 'half_pixel',
  max: a.choice('mode', ['avg', 'max'], 'avg') === 'max',
})

/**
 * X pooled over regions with interpolation: X [N, C, H, W], boxes [R, 4], Y [R, C, height, width] (ONNX RoiAlign). The gradient goes to X; one
 * of the boxes is refused, since no detector learns by it.
 */
export const roiAlign = defineOperator({
  name: 'RoiAlign',
  inputs: ['X: floating [N, C, H, W]', 'rois: =X [R, 4]', 'batch_indices: whole [R]'],
  attributes: roiAlignAttributes,
  infer: (call) => {
    const x = required(call, 0)
    const boxes = required(call, 1).shape
    if (x.shape && x.shape.length !== 4) throw wrong(call, 'X should have four dimensions')
    const { height, width } = call.attributes
    return [typed(x.elementType, [boxes?.[0] ?? unknownDim(), x.shape?.[1] ?? unknownDim(), height, width])]
  },
  // How many samples a box takes depends on its size.
  cost: 'data-dependent',
})

export const roiAlignReference: ReferenceOf<typeof roiAlign> = {
  forward: (call, [x, boxes, images]) =>
    x && boxes && images ? [arithmetic(x.elementType, alignRegions(doubles(x), boxes, images, call.attributes))] : [],
}

export const roiAlignTraining: TrainingOf<typeof roiAlign> = {
  backward: (call) => {
    if (call.needs(1)) throw wrong(call, 'no gradient passes to its boxes')
    const [x, boxes, images] = call.node.inputs as [string, string, string]
    const { height, width, samplingRatio, spatialScale, halfPixel, max } = call.attributes
    const attributes = {
      ...{ output_height: height, output_width: width, sampling_ratio: samplingRatio, mode: max ? 'max' : 'avg' },
      spatial_scale: float(spatialScale),
      coordinate_transformation_mode: halfPixel ? 'half_pixel' : 'output_half_pixel',
    }
    return [call.emit.node('RoiAlignGradient', [gradientOf(call), x, boxes, images], attributes, 'ai.kerf')]
  },
}

/*
 * dX[n,c,q] = Σ weight · dY[r,c,p] over the samples of cells p of boxes r that X[n,c,q] is part of; in mode max over the cells whose greatest it is
 *
 * The gradient of RoiAlign. Inputs dY [R, C, height, width], X [N, C, H, W], boxes [R, 4], images [R]; attributes as RoiAlign since opset 16. In
 * training graphs only.
 */
export const roiAlignGradient = defineOperator({
  name: 'RoiAlignGradient',
  domain: 'ai.kerf',
  inputs: ['dY: floating [R, C, _, _]', 'X: floating [N, C, _, _]', 'boxes: floating [R, 4]', 'images: whole [R]'],
  attributes: (a): RoiAlignAttributes => roiAlignAttributes(a, 16),
  infer: (call) => [typed(commonType(call, [0, 1]), required(call, 1).shape)],
  // How many samples a box takes depends on its size.
  cost: 'data-dependent',
})

export const roiAlignGradientReference: ReferenceOf<typeof roiAlignGradient> = {
  forward: (call, [dy, x, boxes, images]) =>
    dy && x && boxes && images
      ? [arithmetic(x.elementType, alignRegionsBack(dy, doubles(x), boxes, images, call.attributes))]
      : [],
}
