import { type Place, runsOf, sizesOf } from '../lowerings/lowering.ts'
import { copyRun } from './layout.ts'
import { type Step, step } from './step.ts'

/** Copies a value of float32 into the other layout, or its channels from where they lie to their places in `to`. */
export function convertLayout(from: Place, to: Place): Step[] {
  const { batch, channels, height, width } = sizesOf(from.shape)
  const positions = height * width
  const image = channels * positions
  if (from.layout === 'plain')
    return [
      transposed({
        ...{ x: from.address, rows: channels, columns: positions, xRow: positions, xImage: image },
        ...{ y: to.address, yRow: channels, yImage: image, batch },
      }),
    ]
  return runsOf(from).flatMap((run) =>
    to.layout === 'channelsLast'
      ? copyRun(run, to, batch * positions)
      : [
          transposed({
            ...{ x: run.address, rows: positions, columns: run.count, xRow: run.pixel, xImage: positions * run.pixel },
            ...{ y: to.address + 4 * run.at * positions, yRow: run.step * positions, yImage: image, batch },
          }),
        ],
  )
}

/** Per image, a matrix is turned round. Rows are those of x; elements from one row and one image to the next. */
const transposed = (given: {
  readonly x: number
  readonly rows: number
  readonly columns: number
  readonly xRow: number
  readonly xImage: number
  readonly y: number
  readonly yRow: number
  readonly yImage: number
  readonly batch: number
}): Step => {
  const { x, y, rows, columns, xRow, yRow, xImage, yImage, batch } = given
  const images = { sizes: [1, 1, 1, batch], xStrides: [0, 0, 0, xImage], yStrides: [0, 0, 0, yImage] }
  return step('transposeF32', { x, y, rows, columns, xRow, yRow, ...images })
}
