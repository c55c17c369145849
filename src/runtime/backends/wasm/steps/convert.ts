import { type Place, sizesOf } from '../lowerings/lowering.ts'
import { type Step, step } from './step.ts'

/** Copies a value into the other layout: per image, a matrix of channels × positions is transposed. */
export function convertLayout(from: Place, to: Place): Step[] {
  const { batch, channels, height, width } = sizesOf(from.shape)
  const positions = height * width
  const [rows, columns] = from.layout === 'plain' ? [channels, positions] : [positions, channels]
  const image = channels * positions
  const strides = [0, 0, 0, image]
  return [
    step('transposeF32', {
      ...{ x: from.address, y: to.address, rows, columns, xRow: columns, yRow: rows },
      ...{ sizes: [1, 1, 1, batch], xStrides: strides, yStrides: strides },
    }),
  ]
}
