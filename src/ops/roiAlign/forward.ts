import type { Dense } from '../../graph/index.ts'
import type { Doubles } from '../numbers.ts'

export interface RoiAlignAttributes {
  readonly height: number
  readonly width: number
  /** Samples per cell and axis; 0: as many as a cell has elements. */
  readonly samplingRatio: number
  readonly spatialScale: number
  /** Whether coordinates are of borders (half a pixel before centres), and boxes may be smaller than one element. */
  readonly halfPixel: boolean
  readonly max: boolean
}

/** Two neighbours along an axis of `size` and the weight of the second; undefined: outside. */
function neighbours(position: number, size: number): [low: number, high: number, weight: number] | undefined {
  if (position < -1 || position > size) return undefined
  const at = Math.max(0, position)
  const low = Math.floor(at)
  return low >= size - 1 ? [size - 1, size - 1, 0] : [low, low + 1, at - low]
}

/**
 * Each cell of a box is the mean of bilinear samples, or in mode max the greatest of all weighted neighbours, as runtimes have it.
 * x [N, C, H, W], boxes [R, 4] (x1, y1, x2, y2), images [R]; y [R, C, height, width].
 */
export function alignRegions(x: Doubles, boxes: Dense, images: Dense, a: RoiAlignAttributes): Doubles {
  const [, channels, rows, columns] = x.shape as [number, number, number, number]
  const regions = boxes.shape[0] as number
  const shape = [regions, channels, a.height, a.width]
  const data = new Float64Array(regions * channels * a.height * a.width)
  const offset = a.halfPixel ? 0.5 : 0
  for (let r = 0; r < regions; r++) {
    const [x1, y1, x2, y2] = [0, 1, 2, 3].map((i) => (boxes.data[r * 4 + i] as number) * a.spatialScale - offset) as [
      number,
      number,
      number,
      number,
    ]
    const least = a.halfPixel ? Number.NEGATIVE_INFINITY : 1
    const [cellHeight, cellWidth] = [Math.max(least, y2 - y1) / a.height, Math.max(least, x2 - x1) / a.width]
    const [down, across] = [cellHeight, cellWidth].map((size) => a.samplingRatio || Math.ceil(size)) as [number, number]
    for (let c = 0; c < channels; c++) {
      const plane = ((images.data[r] as number) * channels + c) * rows * columns
      const at = (row: number, column: number) => x.data[plane + row * columns + column] as number
      for (let cell = 0; cell < a.height * a.width; cell++) {
        const [top, left] = [Math.floor(cell / a.width) * cellHeight + y1, (cell % a.width) * cellWidth + x1]
        let sum = 0
        let best = Number.NEGATIVE_INFINITY
        for (let s = 0; s < down * across; s++) {
          const vertical = neighbours(top + ((Math.floor(s / across) + 0.5) * cellHeight) / down, rows)
          const horizontal = neighbours(left + (((s % across) + 0.5) * cellWidth) / across, columns)
          let terms = [0]
          if (vertical && horizontal) {
            const [low, high, v] = vertical
            const [first, second, h] = horizontal
            terms = [
              (1 - v) * (1 - h) * at(low, first),
              (1 - v) * h * at(low, second),
              v * (1 - h) * at(high, first),
              v * h * at(high, second),
            ]
          }
          sum += terms.reduce((total, term) => total + term, 0)
          best = Math.max(best, ...terms)
        }
        const count = Math.max(1, down * across)
        data[(r * channels + c) * a.height * a.width + cell] = a.max ? (down * across === 0 ? 0 : best) : sum / count
      }
    }
  }
  return { shape, data }
}
