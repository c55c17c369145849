import { type Cases, ints } from '../gradient-check.ts'

/** Elements under another shape, or in another order. */
export const shapes: Cases = {
  Reshape: { op: 'Reshape', inputs: [[2, 3, 4], ints(0, -1)] },
  Flatten: { op: 'Flatten', inputs: [[2, 3, 2, 2]] },
  'Flatten at the end': { op: 'Flatten', inputs: [[2, 3]], attributes: { axis: 2 } },
  Squeeze: { op: 'Squeeze', inputs: [[2, 1, 3, 1], ints(1)] },
  'Squeeze of all it can': { op: 'Squeeze', opset: 11, inputs: [[2, 1, 3, 1]] },
  Unsqueeze: { op: 'Unsqueeze', inputs: [[2, 3], ints(0, -1)] },
  'Unsqueeze, axes an attribute': { op: 'Unsqueeze', opset: 11, inputs: [[2, 3]], attributes: { axes: [1] } },
  Transpose: { op: 'Transpose', inputs: [[2, 3, 4]] },
  'Transpose in a circle': { op: 'Transpose', inputs: [[2, 3, 4, 2]], attributes: { perm: [0, 2, 3, 1] } },
  Concat: {
    op: 'Concat',
    inputs: [
      [2, 3, 2],
      [2, 1, 2],
      [2, 2, 2],
    ],
    attributes: { axis: 1 },
  },
  'Concat, sizes an attribute, from the end': {
    op: 'Concat',
    opset: 11,
    inputs: [
      [2, 3],
      [2, 1],
    ],
    attributes: { axis: -1 },
  },
}
