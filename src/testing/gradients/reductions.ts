import { type Cases, ints } from '../gradient-check.ts'
import { apart, awayFromCorners, positive } from './draws.ts'

/** Sums, means and what competes along an axis. */
export const reductions: Cases = {
  ReduceSum: { op: 'ReduceSum', inputs: [[2, 3, 4], ints(1, -1)] },
  'ReduceSum, axes an attribute, left out': {
    op: 'ReduceSum',
    opset: 11,
    inputs: [[2, 3, 4]],
    attributes: { axes: [1], keepdims: 0 },
  },
  'ReduceSum of everything': { op: 'ReduceSum', inputs: [[2, 3]], attributes: { keepdims: 0 } },
  'ReduceSum of nothing': { op: 'ReduceSum', inputs: [[2, 3]], attributes: { noop_with_empty_axes: 1 } },
  ReduceMean: { op: 'ReduceMean', inputs: [[2, 3, 4]], attributes: { axes: [0, 2], keepdims: 0 } },
  'ReduceMean, axes an input': { op: 'ReduceMean', opset: 18, inputs: [[2, 3, 4], ints(-2)] },
  'ReduceMean of everything': { op: 'ReduceMean', inputs: [[2, 3]] },
  Softmax: { op: 'Softmax', inputs: [[2, 3, 4]] },
  'Softmax over channels': { op: 'Softmax', inputs: [[2, 3, 2, 2]], attributes: { axis: 1 } },
  'Softmax of rows of a matrix': { op: 'Softmax', opset: 11, inputs: [[2, 3, 4]] },
  'Softmax of single elements': { op: 'Softmax', opset: 11, inputs: [[2, 3]], attributes: { axis: 2 } },
  LogSoftmax: { op: 'LogSoftmax', inputs: [[3, 4]] },
  'LogSoftmax over channels': { op: 'LogSoftmax', inputs: [[2, 3, 2]], attributes: { axis: -2 } },
  'LogSoftmax of rows of a matrix': { op: 'LogSoftmax', opset: 9, inputs: [[2, 3, 2]], attributes: { axis: 1 } },
  ReduceL1: { op: 'ReduceL1', inputs: [[2, 3, 2]], attributes: { axes: [1] }, draw: awayFromCorners },
  ReduceL2: { op: 'ReduceL2', inputs: [[2, 3, 2]], attributes: { axes: [0, 2], keepdims: 0 } },
  ReduceLogSum: { op: 'ReduceLogSum', inputs: [[2, 3, 2]], attributes: { axes: [-1] }, draw: positive },
  ReduceLogSumExp: { op: 'ReduceLogSumExp', opset: 18, inputs: [[2, 3, 2], ints(0, 1)] },
  ReduceSumSquare: { op: 'ReduceSumSquare', inputs: [[2, 3, 2]], attributes: { axes: [1], keepdims: 0 } },
  ReduceMax: { op: 'ReduceMax', inputs: [[2, 3, 4]], attributes: { axes: [1] }, values: apart },
  'ReduceMax of everything': {
    op: 'ReduceMax',
    opset: 18,
    inputs: [[2, 3]],
    attributes: { keepdims: 0 },
    values: apart,
  },
  ReduceMin: { op: 'ReduceMin', inputs: [[2, 3, 4]], attributes: { axes: [0, 2], keepdims: 0 }, values: apart },
  ReduceProd: { op: 'ReduceProd', inputs: [[2, 3, 2]], attributes: { axes: [1] } },
  'ReduceProd over two axes': {
    op: 'ReduceProd',
    opset: 18,
    inputs: [[2, 3, 2], ints(0, 2)],
    attributes: { keepdims: 0 },
  },
  'ReduceProd with zeros': {
    op: 'ReduceProd',
    inputs: [[4, 3]],
    attributes: { axes: [1] },
    values: () => [0, 2, 3, 0, 0, 3, 1, 2, 3, -1, 0, 2],
  },
  'ReduceProd of nothing': { op: 'ReduceProd', opset: 18, inputs: [[2, 3]], attributes: { noop_with_empty_axes: 1 } },
}
