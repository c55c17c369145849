import { unknownDim } from '../../base/index.ts'
import { required, typed, wrong } from '../check.ts'
import { arithmetic, doubles } from '../numbers.ts'
import { defineOperator } from '../operator.ts'
import { perRegion } from '../regions.ts'
import { alignRegions, type RoiAlignAttributes } from './forward.ts'

/** X pooled over regions with interpolation: X [N, C, H, W], boxes [R, 4], Y [R, C, height, width] (ONNX RoiAlign). */
export const roiAlign = defineOperator<RoiAlignAttributes>({
  name: 'RoiAlign',
  domain: '',
  attributes: (a, opset) => ({
    height: a.int('output_height', 1),
    width: a.int('output_width', 1),
    samplingRatio: a.int('sampling_ratio', 0),
    spatialScale: a.float('spatial_scale', 1),
    halfPixel: opset >= 16 && a.string('coordinate_transformation_mode', 'half_pixel') === 'half_pixel',
    max: a.string('mode', 'avg') === 'max',
  }),
  infer: (call) => {
    const x = required(call, 0)
    const boxes = required(call, 1).shape
    if (x.shape && x.shape.length !== 4) throw wrong(call, 'X should have four dimensions')
    const { height, width } = call.attributes
    return [typed(x.elementType, [boxes?.[0] ?? unknownDim(), x.shape?.[1] ?? unknownDim(), height, width])]
  },
  forward: (call, [x, boxes, images]) =>
    x && boxes && images ? [arithmetic(x.elementType, alignRegions(doubles(x), boxes, images, call.attributes))] : [],
  // How many samples a box takes depends on its size.
  cost: 'data-dependent',
  channels: perRegion,
})
