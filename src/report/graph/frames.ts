import type { DrawnBox } from './drawing.ts'
import type { PlacedBox } from './layered.ts'

/** A rectangle around what an opened block holds. */
export interface Frame {
  /** Of the block. */
  readonly path: string
  /** As boxes are called: `layer1.0`. */
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
  const frames: Frame[] = []
  // From the inside, since a frame goes around those in it.
  const paths = [...members.keys()].sort((a, b) => depthOf(b) - depthOf(a))
  function depthOf(path: string): number {
    return boxes[members.get(path)![0]!]!.inside.indexOf(path)
  }
  const inFrame = new Map<string, Frame[]>()
  for (const path of paths) {
    const own = members.get(path)!
    const around = [...own.map((i) => places[i]!), ...(inFrame.get(path) ?? [])]
    const left = least(around.map((r) => r.x)) - side
    const top = least(around.map((r) => r.y)) - head
    const right = -least(around.map((r) => -r.x - r.width)) + side
    const bottom = -least(around.map((r) => -r.y - r.height)) + foot
    const isOwn = new Set(own)
    const isCrowded = places.some(
      (p, i) => !isOwn.has(i) && p.x < right && p.x + p.width > left && p.y < bottom && p.y + p.height > top,
    )
    if (isCrowded) continue
    const depth = depthOf(path)
    const frame = {
      path,
      name: path.replaceAll('/', '.'),
      depth,
      x: left,
      y: top,
      width: right - left,
      height: bottom - top,
    }
    frames.push(frame)
    const parent = boxes[own[0]!]!.inside[depth - 1]
    if (parent === undefined) continue
    const siblings = inFrame.get(parent)
    if (siblings) siblings.push(frame)
    else inFrame.set(parent, [frame])
  }
  return frames.sort((a, b) => a.depth - b.depth)
}

const least = (values: readonly number[]): number => values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY)
