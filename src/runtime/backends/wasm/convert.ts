import { type Place, sizesOf } from './lowering.ts'
import type { Step } from './step.ts'

/** Copies a value into the other layout: per image, a matrix of channels × positions is transposed. */
export function convertLayout(from: Place, to: Place): Step[] {
  const { batch, channels, height, width } = sizesOf(from.shape)
  const positions = height * width
  const [rows, columns] = from.layout === 'plain' ? [channels, positions] : [positions, channels]
  const image = channels * positions
  const sizes = { size0: 1, size1: 1, size2: 1, size3: batch }
  const strides = { x0: 0, x1: 0, x2: 0, x3: image, y0: 0, y1: 0, y2: 0, y3: image }
  return [
    {
      kernel: 'transposeF32',
      args: { x: from.address, y: to.address, rows, columns, xRow: columns, yRow: rows, ...sizes, ...strides },
    },
  ]
}
