import type { Dense } from '../../graph/index.ts'
import type { Doubles } from '../shared/numbers.ts'

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

/** An element of a plane with its weight in a sample. */
interface Tap {
  readonly place: number
  readonly weight: number
}

interface Cell {
  /** Of the box's image, in x. */
  readonly plane: (channel: number) => number
  /** Per channel, in y. */
  readonly at: (channel: number) => number
  /** The bilinear samples, each of four elements, or of none outside of the image. */
  readonly samples: readonly (readonly Tap[])[]
}

/** Visits every cell of every box. */
function eachCell(
  shape: readonly number[],
  boxes: Dense,
  images: Dense,
  a: RoiAlignAttributes,
  visit: (cell: Cell) => void,
) {
  const [, channels, rows, columns] = shape as [number, number, number, number]
  const regions = boxes.shape[0]!
  const offset = a.halfPixel ? 0.5 : 0
  const cells = a.height * a.width
  for (let r = 0; r < regions; r++) {
    const [x1, y1, x2, y2] = [0, 1, 2, 3].map((i) => boxes.data[r * 4 + i]! * a.spatialScale - offset) as [
      number,
      number,
      number,
      number,
    ]
    const least = a.halfPixel ? Number.NEGATIVE_INFINITY : 1
    const [cellHeight, cellWidth] = [Math.max(least, y2 - y1) / a.height, Math.max(least, x2 - x1) / a.width]
    const [down, across] = [cellHeight, cellWidth].map((size) => a.samplingRatio || Math.ceil(size)) as [number, number]
    for (let cell = 0; cell < cells; cell++) {
      const [top, left] = [Math.floor(cell / a.width) * cellHeight + y1, (cell % a.width) * cellWidth + x1]
      const samples = Array.from({ length: Math.max(0, down * across) }, (_, s): Tap[] => {
        const vertical = neighbours(top + ((Math.floor(s / across) + 0.5) * cellHeight) / down, rows)
        const horizontal = neighbours(left + (((s % across) + 0.5) * cellWidth) / across, columns)
        if (!vertical || !horizontal) return []
        const [low, high, v] = vertical
        const [first, second, h] = horizontal
        return [
          { place: low * columns + first, weight: (1 - v) * (1 - h) },
          { place: low * columns + second, weight: (1 - v) * h },
          { place: high * columns + first, weight: v * (1 - h) },
          { place: high * columns + second, weight: v * h },
        ]
      })
      visit({
        plane: (c) => (images.data[r]! * channels + c) * rows * columns,
        at: (c) => (r * channels + c) * cells + cell,
        samples,
      })
    }
  }
}

/** What mode max takes: the greatest weighted element of all samples, 0 where a sample lies outside; undefined: no element. */
function greatest(x: Float64Array, plane: number, samples: Cell['samples']): { value: number; tap: Tap | undefined } {
  let best = { value: Number.NEGATIVE_INFINITY, tap: undefined as Tap | undefined }
  for (const taps of samples) {
    if (taps.length === 0 && !(best.value >= 0)) best = { value: 0, tap: undefined }
    for (const tap of taps) {
      const value = tap.weight * x[plane + tap.place]!
      if (!(best.value >= value)) best = { value, tap }
    }
  }
  return samples.length === 0 ? { value: 0, tap: undefined } : best
}

/**
 * Each cell of a box is the mean of bilinear samples, or in mode max the greatest of all weighted neighbours, as runtimes have it.
 * x [N, C, H, W], boxes [R, 4] (x1, y1, x2, y2), images [R]; y [R, C, height, width].
 */
export function alignRegions(x: Doubles, boxes: Dense, images: Dense, a: RoiAlignAttributes): Doubles {
  const channels = x.shape[1]!
  const shape = [boxes.shape[0]!, channels, a.height, a.width]
  const data = new Float64Array(shape.reduce((p, d) => p * d, 1))
  eachCell(x.shape, boxes, images, a, ({ plane, at, samples }) => {
    for (let c = 0; c < channels; c++) {
      const from = plane(c)
      let sum = 0
      if (!a.max)
        for (const taps of samples) {
          let sample = 0
          for (const { place, weight } of taps) sample += weight * x.data[from + place]!
          sum += sample
        }
      data[at(c)] = a.max ? greatest(x.data, from, samples).value : sum / Math.max(1, samples.length)
    }
  })
  return { shape, data }
}

/** The gradient of x: each cell's goes back to the elements that it was made of, by their weights. */
export function alignRegionsBack(dy: Dense, x: Doubles, boxes: Dense, images: Dense, a: RoiAlignAttributes): Doubles {
  const channels = x.shape[1]!
  const data = new Float64Array(x.data.length)
  const give = (to: number, value: number) => {
    data[to] = data[to]! + value
  }
  eachCell(x.shape, boxes, images, a, ({ plane, at, samples }) => {
    for (let c = 0; c < channels; c++) {
      const [from, gradient] = [plane(c), dy.data[at(c)]!]
      if (a.max) {
        const { tap } = greatest(x.data, from, samples)
        if (tap) give(from + tap.place, tap.weight * gradient)
      } else for (const { place, weight } of samples.flat()) give(from + place, (weight * gradient) / samples.length)
    }
  })
  return { shape: x.shape, data }
}
