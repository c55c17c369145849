import type { Cases } from '../gradient-check.ts'
import { apart, awayFromCorners } from './draws.ts'

/** Windows and whole planes. */
export const pooling: Cases = {
  MaxPool: {
    op: 'MaxPool',
    inputs: [[2, 2, 4, 6]],
    attributes: { kernel_shape: [2, 2], strides: [2, 2] },
    values: apart,
  },
  'MaxPool, overlapping, padded, with its indices': {
    op: 'MaxPool',
    inputs: [[1, 2, 5, 6]],
    attributes: { kernel_shape: [3, 3], strides: [2, 1], pads: [1, 1, 1, 1] },
    outputs: 2,
    used: [0],
    values: apart,
  },
  'MaxPool, dilated, the last window over the edge': {
    op: 'MaxPool',
    inputs: [[1, 1, 8, 7]],
    attributes: { kernel_shape: [2, 3], dilations: [2, 1], strides: [3, 3], ceil_mode: 1 },
    values: apart,
  },
  'MaxPool, 1-D, auto_pad': {
    op: 'MaxPool',
    inputs: [[2, 2, 7]],
    attributes: { kernel_shape: [3], strides: [2], auto_pad: 'SAME_LOWER' },
    values: apart,
  },
  'MaxPool, auto_pad, narrower than its steps': {
    op: 'MaxPool',
    inputs: [[2, 2, 11, 12]],
    attributes: { kernel_shape: [2, 1], strides: [4, 5], auto_pad: 'SAME_UPPER' },
    values: apart,
  },
  AveragePool: { op: 'AveragePool', inputs: [[2, 2, 4, 6]], attributes: { kernel_shape: [2, 3], strides: [2, 1] } },
  'AveragePool, padded': {
    op: 'AveragePool',
    inputs: [[1, 2, 5, 5]],
    attributes: { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] },
  },
  'AveragePool, padding counted, the last window over the edge': {
    op: 'AveragePool',
    inputs: [[1, 2, 6, 5]],
    attributes: { kernel_shape: [3, 2], strides: [2, 2], pads: [1, 0, 0, 1], ceil_mode: 1, count_include_pad: 1 },
  },
  'AveragePool, dilated, 3-D, auto_pad': {
    op: 'AveragePool',
    opset: 19,
    inputs: [[1, 1, 4, 3, 5]],
    attributes: { kernel_shape: [2, 2, 2], dilations: [1, 1, 2], auto_pad: 'SAME_UPPER', ceil_mode: 1 },
  },
  GlobalAveragePool: { op: 'GlobalAveragePool', inputs: [[2, 3, 3, 5]] },
  GlobalMaxPool: { op: 'GlobalMaxPool', inputs: [[2, 3, 3, 5]], values: apart },
  LpPool: { op: 'LpPool', inputs: [[1, 2, 4, 5]], attributes: { kernel_shape: [2, 3], strides: [2, 1] } },
  'LpPool, p 1, padded': {
    op: 'LpPool',
    inputs: [[1, 2, 5]],
    attributes: { kernel_shape: [3], strides: [2], pads: [1, 1], p: 1 },
    draw: awayFromCorners,
  },
  'LpPool, p 3, the last window over the edge': {
    op: 'LpPool',
    opset: 18,
    inputs: [[1, 1, 6, 5]],
    attributes: { kernel_shape: [3, 2], strides: [2, 2], ceil_mode: 1, p: 3 },
    draw: awayFromCorners,
  },
  GlobalLpPool: { op: 'GlobalLpPool', inputs: [[2, 2, 3, 2]] },
  'GlobalLpPool, p 1': { op: 'GlobalLpPool', inputs: [[2, 2, 3]], attributes: { p: 1 }, draw: awayFromCorners },
  'GlobalLpPool, p 3': { op: 'GlobalLpPool', inputs: [[1, 2, 4]], attributes: { p: 3 }, draw: awayFromCorners },
}
