import { unknownDim } from '../../base/index.ts'
import { required, typed, wrong } from '../check.ts'
import { defineOperator } from '../operator.ts'
import { perRegion } from '../regions.ts'

/** The greatest of X in each cell of each region: X [N, C, H, W], boxes [R, 5], Y [R, C, height, width] (ONNX MaxRoiPool). */
export const maxRoiPool = defineOperator<{ pooledShape: readonly number[] | undefined }>({
  name: 'MaxRoiPool',
  domain: '',
  attributes: (a) => ({ pooledShape: a.ints('pooled_shape') }),
  infer: (call) => {
    const x = required(call, 0)
    const boxes = required(call, 1).shape
    const { pooledShape } = call.attributes
    if (pooledShape?.length !== 2) throw wrong(call, 'pooled_shape should have two entries')
    return [typed(x.elementType, [boxes?.[0] ?? unknownDim(), x.shape?.[1] ?? unknownDim(), ...pooledShape])]
  },
  // How many elements a cell covers depends on its box.
  cost: 'data-dependent',
  channels: perRegion,
})
