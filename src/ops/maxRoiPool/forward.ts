import type { Dense } from '../../graph/index.ts'
import type { Doubles } from '../shared/numbers.ts'

/**
 * Visits each cell of each region, with its place in y and the place in x of its greatest element (the first of several); −1: it has no element. Sizes
 * as `maxOverRegions`.
 */
function eachCell(
  { shape, data }: Doubles,
  boxes: Dense,
  [height, width]: readonly [number, number],
  scale: number,
  visit: (at: number, greatest: number) => void,
): void {
  const [, channels, rows, columns] = shape as [number, number, number, number]
  const regions = boxes.shape[0]!
  /** Elements of one of `cells` cells of the stretch from `first` to `last`, within an axis of `size`. */
  const range = (cell: number, cells: number, first: number, last: number, size: number) => {
    const step = Math.max(1, last - first + 1) / cells
    const clamp = (v: number) => Math.min(size, Math.max(0, v + first))
    return [clamp(Math.floor(cell * step)), clamp(Math.ceil((cell + 1) * step))] as const
  }
  for (let r = 0; r < regions; r++) {
    const [image, ...corners] = [0, 1, 2, 3, 4].map((i) => boxes.data[r * 5 + i]!) as [number, ...number[]]
    const [x1, y1, x2, y2] = corners.map((v) => Math.round(v * scale)) as [number, number, number, number]
    for (let c = 0; c < channels; c++)
      for (let i = 0; i < height; i++)
        for (let j = 0; j < width; j++) {
          const [top, bottom] = range(i, height, y1, y2, rows)
          const [left, right] = range(j, width, x1, x2, columns)
          let best = -1
          for (let row = top; row < bottom; row++)
            for (let column = left; column < right; column++) {
              const place = ((image * channels + c) * rows + row) * columns + column
              if (best < 0 || data[place]! > data[best]!) best = place
            }
          visit(((r * channels + c) * height + i) * width + j, best)
        }
  }
}

/**
 * The greatest element of each cell of each region, 0 for cells without elements (Girshick, Fast R-CNN, 2015). Corners are rounded to
 * elements, cells to whole elements outward. x [N, C, H, W], boxes [R, 5] (image, x1, y1, x2, y2), y [R, C, height, width].
 */
export function maxOverRegions(x: Doubles, boxes: Dense, size: readonly [number, number], scale: number): Doubles {
  const shape = [boxes.shape[0]!, x.shape[1]!, ...size]
  const data = new Float64Array(shape.reduce((p, d) => p * d, 1))
  eachCell(x, boxes, size, scale, (at, greatest) => {
    data[at] = greatest < 0 ? 0 : x.data[greatest]!
  })
  return { shape, data }
}

/** The gradient of x: each cell's goes to its greatest element. */
export function maxOverRegionsBack(
  dy: Dense,
  x: Doubles,
  boxes: Dense,
  size: readonly [number, number],
  scale: number,
): Doubles {
  const data = new Float64Array(x.data.length)
  eachCell(x, boxes, size, scale, (at, greatest) => {
    if (greatest >= 0) data[greatest] = data[greatest]! + dy.data[at]!
  })
  return { shape: x.shape, data }
}
