import { float } from '../../graph/index.ts'
import { type Cases, type Constant, ints } from '../gradient-check.ts'
import { apart } from './draws.ts'

/** Regions of images, and places between pixels. */

const boxes = (...values: number[]): Constant => ({ type: 'float32', shape: [values.length / 4, 4], values })
const regions = (...values: number[]): Constant => ({ type: 'float32', shape: [values.length / 5, 5], values })

/** Boxes inside, across the borders, one on top of another, and one smaller than an element. */
const someBoxes = boxes(0.3, 0.6, 4.2, 5.1, -2, 1, 3, 9, 1.1, 1.3, 5.5, 3.7, 2.2, 2.1, 2.4, 2.6)

/** Places in [−1.4, 1.4], so that some lie outside, and away from where the interpolation has corners. */
const grid: NonNullable<Cases[string]['values']> = (random, input, count) =>
  Array.from({ length: count }, () =>
    input === 0 ? random.normal() : (Math.floor(random.uniform() * 28) - 14) / 10 + 0.037,
  )

/** Of a tap of DeformConv: away from where the interpolation has corners. */
const offset = (random: { uniform(): number }): number => (Math.floor(random.uniform() * 30) - 15) / 10 + 0.137

export const sampling: Cases = {
  'RoiAlign, as many samples as elements': {
    op: 'RoiAlign',
    inputs: [[2, 2, 6, 7], someBoxes, ints(0, 1, 1, 0)],
    attributes: { output_height: 2, output_width: 3 },
  },
  'RoiAlign, two samples, coordinates of borders, scaled': {
    op: 'RoiAlign',
    opset: 16,
    inputs: [[2, 1, 6, 7], boxes(1, 2, 9, 11, -3, 0, 6, 14), ints(1, 0)],
    attributes: { output_height: 3, output_width: 2, sampling_ratio: 2, spatial_scale: float(0.5) },
  },
  'RoiAlign, max': {
    op: 'RoiAlign',
    opset: 10,
    inputs: [[2, 2, 6, 7], someBoxes, ints(0, 1, 1, 0)],
    attributes: { output_height: 2, output_width: 2, mode: 'max', sampling_ratio: 2 },
  },
  MaxRoiPool: {
    op: 'MaxRoiPool',
    inputs: [[2, 2, 6, 7], regions(0, 0, 0, 4, 5, 1, 2, 1, 6, 3, 1, 5, 5, 12, 14)],
    attributes: { pooled_shape: [2, 3] },
    values: apart,
  },
  'MaxRoiPool, scaled': {
    op: 'MaxRoiPool',
    inputs: [[1, 1, 6, 7], regions(0, 2, 2, 11, 9)],
    attributes: { pooled_shape: [3, 2], spatial_scale: float(0.5) },
    values: apart,
  },
  ...Object.fromEntries(
    ['zeros', 'border', 'reflection'].flatMap((padding_mode) =>
      [0, 1].flatMap((align_corners) =>
        ['bilinear', 'bicubic'].map((mode) => [
          `GridSample, ${mode}, ${padding_mode}, align_corners ${align_corners}`,
          {
            op: 'GridSample',
            inputs: [
              [2, 2, 4, 5],
              [2, 3, 4, 2],
            ],
            attributes: { mode, padding_mode, align_corners },
            values: grid,
          },
        ]),
      ),
    ),
  ),
  // As AffineGrid: sizes whose coordinates float32 holds.
  DeformConv: {
    op: 'DeformConv',
    opset: 19,
    inputs: [[2, 4, 4, 4], [3, 4, 2, 3], [2, 24, 2, 2], [3], [2, 12, 2, 2]],
    attributes: { offset_group: 2, pads: [0, 1, 0, 1], strides: [2, 2] },
    values: (random, input, count) =>
      Array.from({ length: count }, () => (input === 2 ? offset(random) : random.normal())),
  },
  'DeformConv in groups, dilated, without mask and bias': {
    op: 'DeformConv',
    opset: 19,
    inputs: [
      [1, 4, 4, 4],
      [2, 2, 2, 2],
      [1, 8, 2, 3],
    ],
    attributes: { group: 2, dilations: [2, 1] },
    values: (random, input, count) =>
      Array.from({ length: count }, () => (input === 2 ? offset(random) : random.normal())),
  },
  // Sizes whose coordinates float32 holds exactly: the constants of the gradient are float32.
  AffineGrid: { op: 'AffineGrid', opset: 20, inputs: [[2, 2, 3], ints(2, 1, 4, 8)] },
  'AffineGrid, corners aligned': {
    op: 'AffineGrid',
    opset: 20,
    inputs: [[1, 2, 3], ints(1, 3, 5, 1)],
    attributes: { align_corners: 1 },
  },
  'AffineGrid, three axes': { op: 'AffineGrid', opset: 20, inputs: [[1, 3, 4], ints(1, 1, 2, 4, 2)] },
  'GridSample, nearest': {
    op: 'GridSample',
    inputs: [
      [2, 2, 4, 5],
      [2, 3, 4, 2],
    ],
    attributes: { mode: 'nearest' },
    values: grid,
  },
  'GridSample, three axes': {
    op: 'GridSample',
    opset: 20,
    inputs: [
      [1, 2, 3, 4, 3],
      [1, 2, 2, 2, 3],
    ],
    attributes: { mode: 'linear' },
    values: grid,
  },
}
