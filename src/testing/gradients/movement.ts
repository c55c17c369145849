import { type Cases, floats, ints } from '../gradient-check.ts'
import { apart } from './draws.ts'

const indices = (shape: readonly number[], ...values: number[]) => ({ type: 'int64', shape, values }) as const
const one = (value: number) => ({ type: 'int64', shape: [], values: [value] }) as const
const condition = (...values: number[]) => ({ type: 'bool', shape: [values.length], values }) as const

/** Elements taken, repeated, put elsewhere or surrounded. */
export const movement: Cases = {
  Expand: { op: 'Expand', inputs: [[3, 1], ints(2, 3, 4)] },
  'Expand of nothing': { op: 'Expand', inputs: [[3, 2], ints(1, 1)] },
  Tile: { op: 'Tile', inputs: [[2, 1, 3], ints(2, 3, 1)] },
  'Tile, once': { op: 'Tile', inputs: [[2, 3], ints(1, 1)] },
  Split: { op: 'Split', inputs: [[2, 5, 2], ints(1, 3, 1)], attributes: { axis: 1 }, outputs: 3 },
  'Split, of which a part is used': {
    op: 'Split',
    opset: 11,
    inputs: [[4, 3]],
    attributes: { axis: -2 },
    outputs: 2,
    used: [1],
  },
  Slice: { op: 'Slice', inputs: [[3, 5, 4], ints(1, -3), ints(4, 2 ** 31), ints(1, 2)] },
  'Slice, settings attributes': {
    op: 'Slice',
    opset: 9,
    inputs: [[4, 5]],
    attributes: { starts: [1, 0], ends: [3, 100] },
  },
  'Slice in steps, also backwards': {
    op: 'Slice',
    inputs: [[7, 6, 3], ints(1, -1, 1), ints(7, -6, 3), ints(0, 1, 2), ints(2, -2, 1)],
  },
  Pad: { op: 'Pad', inputs: [[2, 3], ints(1, 0, 2, 1)] },
  'Pad with a constant that is learnt, also cutting': {
    op: 'Pad',
    inputs: [[4, 5, 2], ints(1, -2, 0, -1, 1, 0), []],
  },
  'Pad, pads an attribute': { op: 'Pad', opset: 9, inputs: [[2, 3]], attributes: { pads: [0, 1, 1, 0] } },
  'Pad by reflection': {
    op: 'Pad',
    inputs: [[3, 4], ints(2, 1, 1, 3)],
    attributes: { mode: 'reflect' },
  },
  'Pad by reflection, several times, also cutting': {
    op: 'Pad',
    inputs: [[3, 4], ints(5, -1, 0, 2)],
    attributes: { mode: 'reflect' },
  },
  'Pad by the edge, along some axes': {
    op: 'Pad',
    opset: 18,
    inputs: [[2, 3, 2], ints(2, 1), '', ints(1)],
    attributes: { mode: 'edge' },
  },
  'Pad around': { op: 'Pad', opset: 19, inputs: [[3, 4], ints(1, 2, 2, 6)], attributes: { mode: 'wrap' } },
  Gather: { op: 'Gather', inputs: [[4, 3], indices([2, 3], 0, 2, -1, 2, 2, 1)] },
  'Gather along the second axis': { op: 'Gather', inputs: [[2, 4, 3], ints(3, 0, 0)], attributes: { axis: 1 } },
  'Gather of one': { op: 'Gather', inputs: [[2, 4], one(-2)], attributes: { axis: -1 } },
  'Gather at places that are not known before': {
    op: 'Gather',
    inputs: [[2, 3, 4], { ...indices([2, 2], 2, 0, 2, -1), fed: true }],
    attributes: { axis: 1 },
  },
  'Gather along the first axis, at places that are not known before': {
    op: 'Gather',
    inputs: [[4, 2], { ...ints(3, 3, 0), fed: true }],
  },
  GatherElements: {
    op: 'GatherElements',
    inputs: [[3, 3], indices([2, 3], 1, 2, 0, 2, -1, 0)],
  },
  'GatherElements along the second axis': {
    op: 'GatherElements',
    inputs: [[2, 3], indices([2, 2], 1, 1, 0, -1)],
    attributes: { axis: 1 },
  },
  GatherND: { op: 'GatherND', inputs: [[3, 2, 2], indices([3, 2], 0, 1, 2, 0, 0, 1)] },
  ScatterElements: {
    op: 'ScatterElements',
    inputs: [[2, 4], indices([2, 2], 1, 3, -4, 2), [2, 2]],
    attributes: { axis: 1 },
  },
  'ScatterElements, added': {
    op: 'ScatterElements',
    inputs: [[2, 4], indices([2, 2], 1, 1, 0, 2), [2, 2]],
    attributes: { axis: 1, reduction: 'add' },
  },
  Scatter: { op: 'Scatter', opset: 9, inputs: [[3, 2], indices([1, 2], 2, 0), [1, 2]] },
  ScatterND: { op: 'ScatterND', inputs: [[4, 2], indices([2, 1], 3, 0), [2, 2]] },
  'ScatterND, added': {
    op: 'ScatterND',
    inputs: [[4, 2], indices([3, 1], 3, 0, 3), [3, 2]],
    attributes: { reduction: 'add' },
  },
  DepthToSpace: { op: 'DepthToSpace', inputs: [[2, 8, 2, 3]], attributes: { blocksize: 2 } },
  'DepthToSpace, columns first': {
    op: 'DepthToSpace',
    inputs: [[1, 18, 2, 1]],
    attributes: { blocksize: 3, mode: 'CRD' },
  },
  SpaceToDepth: { op: 'SpaceToDepth', inputs: [[2, 2, 4, 6]], attributes: { blocksize: 2 } },
  CumSum: { op: 'CumSum', inputs: [[2, 4], one(1)] },
  'CumSum backwards, without the element itself': {
    op: 'CumSum',
    inputs: [[3, 2], one(-2)],
    attributes: { exclusive: 1, reverse: 1 },
  },
  CumProd: { op: 'CumProd', opset: 26, inputs: [[2, 4], one(1)] },
  'CumProd backwards, without the element itself': {
    op: 'CumProd',
    opset: 26,
    inputs: [[3, 2], one(-2)],
    attributes: { exclusive: 1, reverse: 1 },
  },
  'CumProd, without the element itself': {
    op: 'CumProd',
    opset: 26,
    inputs: [[5], one(0)],
    attributes: { exclusive: 1 },
  },
  'CumProd of zeros': {
    op: 'CumProd',
    opset: 26,
    inputs: [[3, 4], one(1)],
    values: (random, _, count) =>
      Array.from({ length: count }, (_, i) => ([1, 4, 6].includes(i) ? 0 : random.normal())),
  },
  Compress: { op: 'Compress', inputs: [[3, 4], condition(0, 1, 1)], attributes: { axis: 1 } },
  'Compress, as a vector': { op: 'Compress', inputs: [[2, 3], condition(1, 0, 0, 1, 1)] },
  'OneHot, of its values': {
    op: 'OneHot',
    inputs: [indices([2, 3], 0, 3, -1, 1, 7, 2), ints(4), [2]],
    attributes: { axis: 1 },
  },
  Col2Im: {
    op: 'Col2Im',
    opset: 18,
    inputs: [[2, 12, 20], ints(5, 6), ints(2, 2)],
  },
  'Col2Im, with strides, dilations and padding': {
    op: 'Col2Im',
    opset: 18,
    inputs: [[1, 12, 15], ints(7, 6), ints(3, 2)],
    attributes: { strides: [2, 1], dilations: [1, 2], pads: [1, 0, 0, 1] },
  },
  'Col2Im, one axis': { op: 'Col2Im', opset: 18, inputs: [[1, 6, 4], ints(6), ints(3)] },
  Trilu: { op: 'Trilu', inputs: [[2, 3, 4]] },
  'Trilu, what is below': { op: 'Trilu', inputs: [[4, 3], one(-1)], attributes: { upper: 0 } },
  TopK: { op: 'TopK', inputs: [[3, 5], ints(2)], outputs: 2, used: [0], values: apart },
  'TopK, the least of each column': {
    op: 'TopK',
    inputs: [[5, 3], ints(3)],
    attributes: { axis: 0, largest: 0 },
    values: apart,
  },
  MaxUnpool: {
    op: 'MaxUnpool',
    inputs: [[1, 2, 2, 2], indices([1, 2, 2, 2], 0, 3, 9, 10, 16, 19, 25, 31)],
    attributes: { kernel_shape: [2, 2], strides: [2, 2] },
  },
  ReverseSequence: { op: 'ReverseSequence', inputs: [[4, 2, 3], ints(3, 1)] },
  CenterCropPad: { op: 'CenterCropPad', opset: 18, inputs: [[3, 4, 5], ints(6, 1, 5)] },
  Resize: {
    op: 'Resize',
    inputs: [[1, 2, 3, 2], '', floats(1, 1, 2, 2)],
    attributes: { mode: 'linear' },
  },
  'Resize, nearest, by a broken factor': {
    op: 'Resize',
    inputs: [[1, 1, 4, 3], '', '', ints(1, 1, 6, 2)],
    attributes: { coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' },
  },
  'Resize, cubic, corners aligned': {
    op: 'Resize',
    inputs: [[1, 1, 4, 5], '', '', ints(1, 1, 7, 3)],
    attributes: { mode: 'cubic', coordinate_transformation_mode: 'align_corners' },
  },
  'Resize, linear, antialiased, along named axes': {
    op: 'Resize',
    opset: 18,
    inputs: [[5, 2, 6], '', '', ints(2, 4)],
    attributes: { mode: 'linear', antialias: 1, axes: [0, 2] },
  },
  'Resize of a region': {
    op: 'Resize',
    inputs: [[4, 5], floats(-0.2, 0.1, 0.8, 1.3), '', ints(4, 3)],
    attributes: { mode: 'linear', coordinate_transformation_mode: 'tf_crop_and_resize' },
  },
  'Resize, the first version': { op: 'Resize', opset: 10, inputs: [[1, 1, 2, 3], floats(1, 1, 2, 3)] },
  Upsample: {
    op: 'Upsample',
    opset: 9,
    inputs: [[1, 2, 2, 3], floats(1, 1, 2, 2)],
  },
  'Upsample, linear, scales an attribute': {
    op: 'Upsample',
    opset: 7,
    inputs: [[1, 1, 2, 3]],
    attributes: { mode: 'linear', scales: { kind: 'floats', value: [1, 1, 3, 2] } },
  },
}
