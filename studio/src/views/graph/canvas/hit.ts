import type { Point } from '../../../picture/gestures.ts'
import type { Scene } from './scene.ts'

const isIn = (
  { x, y }: Point,
  all: { x: Float32Array; y: Float32Array; width: Float32Array; height: Float32Array },
  i: number,
): boolean => x >= all.x[i]! && x <= all.x[i]! + all.width[i]! && y >= all.y[i]! && y <= all.y[i]! + all.height[i]!

/** The box at a place of the picture; -1: none. */
export function boxAt({ graph: { boxes }, boxCells }: Scene, place: Point): number {
  let found = -1
  boxCells.within({ ...place, width: 0, height: 0 }, (i) => {
    if (isIn(place, boxes, i)) found = i
  })
  return found
}

/** How high the part of a frame is that has its name. */
const head = 18

/** The path of the innermost frame whose name is at a place of the picture. */
export function frameHeadAt({ graph: { frames } }: Scene, place: Point): string | undefined {
  for (let i = frames.x.length - 1; i >= 0; i--)
    if (isIn(place, frames, i) && place.y < frames.y[i]! + head) return frames.paths[i]
  return undefined
}
