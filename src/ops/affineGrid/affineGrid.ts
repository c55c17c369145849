import { elementCount } from '../../base/index.ts'
import { mixes } from '../channel-rules.ts'
import { required, typed, wrong } from '../check.ts'
import { defineOperator } from '../operator.ts'
import { shapeFromInput } from '../shape-input.ts'

/**
 * Where the places of an output lie in an input that is moved by theta (ONNX AffineGrid). theta [N, d, d + 1], size (N, C, space…) at
 * input 1; grid [N, space…, d]. Counted: d multiplications and d additions per element of the grid.
 */
export const affineGrid = defineOperator<void>({
  name: 'AffineGrid',
  domain: '',
  attributes: () => undefined,
  infer: (call) => {
    const theta = required(call, 0)
    required(call, 1)
    const size = shapeFromInput(call, 1)
    if (size && size.length !== 4 && size.length !== 5)
      throw wrong(call, `the size [${size}] should have 4 or 5 entries`)
    return [typed(theta.elementType, size && [size[0] as number | string, ...size.slice(2), size.length - 2])]
  },
  cost: (call) => {
    const grid = call.outputs[0]?.shape as readonly number[]
    const count = (elementCount(grid) as number) * (grid.at(-1) as number)
    return { adds: count, muls: count }
  },
  channels: mixes('AffineGrid makes coordinates'),
})
