import type { DrawnBox } from './drawing.ts'
import { nameWithin } from './fold.ts'
import type { PlacedBox } from './layered.ts'

/** A rectangle around what an opened block holds. */
export interface Frame {
  /** Of the block. */
  readonly path: string
  /** Within the opened block around it: `blocks.0`. */
  readonly name: string
  /** How many frames it lies in. */
  readonly depth: number
  /** Of its left side, in pixels from the left. */
  readonly x: number
  /** Of its upper side, in pixels from above. */
  readonly y: number
  /** In pixels. */
  readonly width: number
  /** In pixels. */
  readonly height: number
}

/** Above a frame's first box: its name. */
const head = 18
const foot = 8
const side = 12

/** Boxes of each opened block, by their numbers. */
function membersOf(boxes: readonly DrawnBox[]): ReadonlyMap<string, number[]> {
  const members = new Map<string, number[]>()
  boxes.forEach(({ inside }, i) => {
    for (const path of inside) {
      const own = members.get(path)
      if (own) own.push(i)
      else members.set(path, [i])
    }
  })
  return members
}

/** How much room each box needs above and below it, because frames begin and end there. */
export function roomForFrames(
  boxes: readonly DrawnBox[],
): readonly { readonly above: number; readonly below: number }[] {
  const room = boxes.map(() => ({ above: 0, below: 0 }))
  for (const own of membersOf(boxes).values()) {
    room[own[0]!]!.above += head
    room[own.at(-1)!]!.below += foot
  }
  return room
}

/** Frames of opened blocks, the outermost first; of those whose rectangle would have boxes of others in it, none. */
export function framesOf(boxes: readonly DrawnBox[], places: readonly PlacedBox[]): Frame[] {
  const members = membersOf(boxes)
  const depthOf = (path: string) => boxes[members.get(path)![0]!]!.inside.indexOf(path)
  const isCrowded = crowding(boxes, places)
  const inFrame = new Map<string, Frame[]>()
  const frames: Frame[] = []
  // From the inside, since a frame goes around those in it.
  for (const path of [...members.keys()].sort((a, b) => depthOf(b) - depthOf(a))) {
    const own = members.get(path)!
    const [left, top, right, bottom] = [...own.map((i) => places[i]!), ...(inFrame.get(path) ?? [])].reduce(
      ([l, t, r, b], { x, y, width, height }) => [
        Math.min(l, x),
        Math.min(t, y),
        Math.max(r, x + width),
        Math.max(b, y + height),
      ],
      [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 0, 0],
    )
    const place = {
      ...{ x: left - side, y: top - head },
      width: right - left + 2 * side,
      height: bottom - top + head + foot,
    }
    if (isCrowded(place, path)) continue
    const depth = depthOf(path)
    const parent = boxes[own[0]!]!.inside[depth - 1]
    const frame = { path, name: nameWithin(path, parent), depth, ...place }
    frames.push(frame)
    if (parent !== undefined) inFrame.set(parent, [...(inFrame.get(parent) ?? []), frame])
  }
  return frames.sort((a, b) => a.depth - b.depth)
}

type Place = Pick<PlacedBox, 'x' | 'y' | 'width' | 'height'>

/** Whether boxes that are not in a block lie in a rectangle. */
function crowding(boxes: readonly DrawnBox[], places: readonly PlacedBox[]): (area: Place, path: string) => boolean {
  const order = [...places.keys()].sort((a, b) => places[a]!.y - places[b]!.y)
  const highest = places.reduce((most, p) => Math.max(most, p.height), 0)
  return ({ x, y, width, height }, path) => {
    let [low, high] = [0, order.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (places[order[middle]!]!.y < y - highest) low = middle + 1
      else high = middle
    }
    for (let i = low; i < order.length && places[order[i]!]!.y < y + height; i++) {
      const p = places[order[i]!]!
      const isIn = p.x < x + width && p.x + p.width > x && p.y + p.height > y
      if (isIn && !boxes[order[i]!]!.inside.includes(path)) return true
    }
    return false
  }
}
