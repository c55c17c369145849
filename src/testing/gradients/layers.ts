import { type Cases, floats } from '../gradient-check.ts'

/** Convolutions and BatchNormalization. */
export const layers: Cases = {
  'Conv, padded, strided, with a rest': {
    op: 'Conv',
    inputs: [[2, 2, 6, 3], [3, 2, 3, 2], [3]],
    attributes: { pads: [1, 0, 1, 1], strides: [2, 2] },
  },
  'Conv in groups, dilated': {
    op: 'Conv',
    inputs: [
      [1, 4, 5, 4],
      [4, 2, 3, 3],
    ],
    attributes: { group: 2, dilations: [2, 1], pads: [1, 1, 1, 1] },
  },
  'Conv, depthwise, 1-D, auto_pad': {
    op: 'Conv',
    inputs: [
      [2, 3, 8],
      [3, 1, 3],
    ],
    attributes: { group: 3, auto_pad: 'SAME_UPPER', strides: [2] },
  },
  'BatchNormalization in training': {
    op: 'BatchNormalization',
    inputs: [
      [3, 2, 2, 2],
      [2],
      [2],
      { type: 'float32', shape: [2], values: [0, 0] },
      { type: 'float32', shape: [2], values: [1, 1] },
    ],
    attributes: { training_mode: 1 },
    outputs: 3,
    used: [0],
  },
  'BatchNormalization in inference': {
    op: 'BatchNormalization',
    inputs: [
      [3, 2, 2, 2],
      [2],
      [2],
      { type: 'float32', shape: [2], values: [0.5, -1] },
      { type: 'float32', shape: [2], values: [1, 2] },
    ],
  },
  'BatchNormalization in training, before there was such an attribute': {
    op: 'BatchNormalization',
    opset: 9,
    inputs: [[4, 3, 2], [3], [3], floats(0, 0, 0), floats(1, 1, 1)],
    attributes: { training_mode: 1, epsilon: 0.01 },
    outputs: 3,
    used: [0],
  },
  'BatchNormalization in inference, parameters per element': {
    op: 'BatchNormalization',
    opset: 7,
    inputs: [
      [2, 2, 3],
      [2, 3],
      [2, 3],
      { type: 'float32', shape: [2, 3], values: [0.5, -1, 0, 1, 2, -0.5] },
      { type: 'float32', shape: [2, 3], values: [1, 2, 0.5, 3, 1, 1] },
    ],
    attributes: { spatial: 0 },
  },
  ConvTranspose: { op: 'ConvTranspose', inputs: [[2, 3, 4, 3], [3, 2, 3, 2], [2]] },
  'ConvTranspose, strided, padded, in groups': {
    op: 'ConvTranspose',
    inputs: [
      [1, 4, 3, 4],
      [4, 3, 3, 3],
    ],
    attributes: { group: 2, strides: [2, 2], pads: [1, 1, 1, 1], output_padding: [1, 0] },
  },
  'ConvTranspose, dilated, with more output padding than its stride': {
    op: 'ConvTranspose',
    inputs: [
      [1, 2, 4],
      [2, 1, 3],
    ],
    attributes: { dilations: [3], output_padding: [2] },
  },
  'ConvTranspose of a given size': {
    op: 'ConvTranspose',
    inputs: [
      [1, 2, 3, 3],
      [2, 2, 3, 3],
    ],
    attributes: { strides: [3, 2], output_shape: [8, 5], auto_pad: 'SAME_UPPER' },
  },
}
