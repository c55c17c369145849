import { type Place, sizesOf } from '../lowerings/lowering.ts'
import { copyBytes, copyRun } from './layout.ts'
import { inOneRow } from './quantise.ts'
import { type Step, step } from './step.ts'

/** Copies a value into the other layout or width, or its channels from where they lie to their places in `to`. */
export function convertLayout(from: Place, to: Place): Step[] {
  const { batch, channels, height, width } = sizesOf(from.shape)
  const positions = height * width
  if (from.least !== undefined && to.least !== undefined) {
    if (from.layout === to.layout) return bytesTogether(from, to, batch * positions)
    const [rows, columns] = from.layout === 'plain' ? [channels, positions] : [positions, channels]
    return [step('transposeU8', { x: from.address, y: to.address, rows, columns, matrices: batch })]
  }
  if (from.least !== undefined || to.least !== undefined) return [convertWidth(from, to)]
  const image = channels * positions
  if (from.layout === 'plain')
    return [
      transposed({
        ...{ x: from.address, rows: channels, columns: positions, xRow: positions, xImage: image },
        ...{ y: to.address, yRow: channels, yImage: image, batch },
      }),
    ]
  const { address, pixel, runs = [{ address, pixel, count: channels, at: 0, step: 1 }] } = from
  return runs.flatMap((run) =>
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

/** Channels of bytes at their places in `to`; channels last. */
function bytesTogether(from: Place, to: Place, rows: number): Step[] {
  const { address, pixel, runs = [{ address, pixel, count: from.shape[1]!, at: 0, step: 1 }] } = from
  return runs.flatMap((run) => copyBytes(run, to, rows))
}

/** Codes as bytes, or as float32. */
function convertWidth({ address: x, shape, least }: Place, to: Place): Step {
  const count = shape.reduce((product, size) => product * size, 1)
  const places = { x, y: to.address, ...inOneRow(count), scale: 1 }
  if (to.least !== undefined) return step('quantiseU8', { ...places, zeroPoint: -to.least, least: 0, most: 255 })
  const limits = { lo: Number.NEGATIVE_INFINITY, hi: Number.POSITIVE_INFINITY }
  return step('dequantiseU8', { ...places, zeroPoint: -least!, ...limits })
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
