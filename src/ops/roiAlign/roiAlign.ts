import { unknownDim } from '../../base/index.ts'
import { required, typed, wrong } from '../check.ts'
import { defineOperator } from '../operator.ts'
import { perRegion } from '../regions.ts'

/** X pooled over regions with interpolation: X [N, C, H, W], boxes [R, 4], Y [R, C, height, width] (ONNX RoiAlign). */
export const roiAlign = defineOperator<{ height: number; width: number }>({
  name: 'RoiAlign',
  domain: '',
  attributes: (a) => ({ height: a.int('output_height', 1), width: a.int('output_width', 1) }),
  infer: (call) => {
    const x = required(call, 0)
    const boxes = required(call, 1).shape
    if (x.shape && x.shape.length !== 4) throw wrong(call, 'X should have four dimensions')
    const { height, width } = call.attributes
    return [typed(x.elementType, [boxes?.[0] ?? unknownDim(), x.shape?.[1] ?? unknownDim(), height, width])]
  },
  // How many samples a box takes depends on its size.
  cost: 'data-dependent',
  channels: perRegion,
})
