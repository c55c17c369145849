import { type Place, runsOf, sizesOf } from '../../lowerings/lowering.ts'
import { inOneRow } from '../quantise.ts'
import { type Step, step } from '../step.ts'

/** Copies codes as bytes into the other layout, or their channels from where they lie to their places in `to`; or makes bytes of float32, or float32 of bytes. */
export function convertBytes(from: Place, to: Place): Step[] {
  const { batch, channels, height, width } = sizesOf(from.shape)
  const positions = height * width
  const places = { x: from.address, y: to.address }
  const all = { ...places, ...inOneRow(batch * channels * positions), scale: 1 }
  if (from.least === undefined) return [step('quantiseU8', { ...all, zeroPoint: -to.least!, least: 0, most: 255 })]
  if (to.least === undefined) {
    const limits = { lo: Number.NEGATIVE_INFINITY, hi: Number.POSITIVE_INFINITY }
    return [step('dequantiseU8', { ...all, zeroPoint: -from.least, ...limits })]
  }
  if (from.layout !== to.layout) {
    const [rows, columns] = from.layout === 'plain' ? [channels, positions] : [positions, channels]
    return [step('transposeU8', { ...places, rows, columns, matrices: batch })]
  }
  return runsOf(from).map((run) =>
    step('mapU8', {
      ...{ x: run.address, y: to.address + run.at, rows: batch * positions, channels: run.count, table: 0 },
      ...{ xPixel: run.pixel, yPixel: to.pixel, yStep: run.step },
    }),
  )
}
