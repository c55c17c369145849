import { ordered } from './order.ts'
import { placed } from './place.ts'
import { type Arrow, ranked } from './ranks.ts'

/*
 * A directed graph without circles in layers from top to bottom (Sugiyama, Tagawa and Toda 1981): ranks, then an order within each rank with few crossings, then
 * places. A value that passes ranks goes down one line of its own, from which all lines to its readers branch off.
 */

/** A box to be placed, in pixels. */
export interface BoxSize {
  /** Above 0. */
  readonly width: number
  /** Above 0. */
  readonly height: number
}

/** A box in its place: its upper left corner. */
export interface PlacedBox extends BoxSize {
  /** Of its left side, in pixels from the left. */
  readonly x: number
  /** Of its upper side, in pixels from above. */
  readonly y: number
  /** 0: the topmost. */
  readonly rank: number
}

/** A part of a line, which several arrows may have in common: straight down, or bent from one place to another. */
export interface Line {
  /** The box that it comes from. */
  readonly from: number
  /** The box that it ends at; undefined: it goes on. */
  readonly to?: number
  /** Whether it begins at that box; else it branches off, or goes on. */
  readonly isStart: boolean
  /** Its ends. */
  readonly points: readonly (readonly [x: number, y: number])[]
}

/** Where everything is. */
export interface LayeredLayout {
  /** In the order in which they were given. */
  readonly boxes: readonly PlacedBox[]
  /** All together lead from each box to each of its readers. */
  readonly lines: readonly Line[]
  /** Of everything, in pixels. */
  readonly width: number
  /** Of everything, in pixels. */
  readonly height: number
}

/** Between boxes, in pixels. */
export interface LayeredGaps {
  /** Beside each other; 24 by default. */
  readonly beside?: number
  /** Below each other; 34 by default. */
  readonly below?: number
  /** Beside a line; 12 by default. */
  readonly line?: number
}

/**
 * Lays boxes out in layers. The same boxes and arrows give the same layout.
 * @param boxes in an order in which no arrow goes backwards
 * @param arrows from earlier boxes to later ones; several between the same two count once
 * @param gaps between boxes and lines
 */
export function layeredLayout(
  boxes: readonly BoxSize[],
  arrows: readonly Arrow[],
  gaps: LayeredGaps = {},
): LayeredLayout {
  const { beside = 24, below = 34, line = 12 } = gaps
  const ranks = ranked(boxes.length, arrows)
  const order = ordered(ranks)
  const widthOf = (node: number) => (node < boxes.length ? boxes[node]!.width : 0)
  const x = placed(ranks, order, { widthOf, gapOf: (node) => (node < boxes.length ? beside : line) })
  const heights = order.map((rank) => rank.reduce((most, n) => Math.max(most, boxes[n]?.height ?? 0), 0))
  let height = 0
  const tops = heights.map((own) => {
    const top = height
    height += own + below
    return top
  })
  const left = order.flat().reduce((least, n) => Math.min(least, x[n]! - widthOf(n) / 2), Number.POSITIVE_INFINITY)
  const right = order.flat().reduce((most, n) => Math.max(most, x[n]! + widthOf(n) / 2), 0)
  const shift = Number.isFinite(left) ? left : 0
  const placedBoxes = boxes.map((box, n): PlacedBox => {
    const rank = ranks.rankOf[n]!
    // Boxes that are less high than their neighbours stand in the middle.
    const y = tops[rank]! + (heights[rank]! - box.height) / 2
    return { ...box, x: x[n]! - box.width / 2 - shift, y, rank }
  })
  const ends = (node: number): { x: number; top: number; bottom: number } => {
    const box = placedBoxes[node]
    const at = x[node]! - shift
    if (box) return { x: at, top: box.y, bottom: box.y + box.height }
    const rank = ranks.rankOf[node]!
    return { x: at, top: tops[rank]!, bottom: tops[rank]! + heights[rank]! }
  }
  const lines = ranks.steps.map(({ from, to }): Line => {
    const [a, b] = [ends(from), ends(to)]
    const source = ranks.sourceOf(from)
    const isEnd = to < boxes.length
    const points: [number, number][] = [
      [a.x, a.bottom],
      [b.x, b.top],
    ]
    // Past the boxes of its rank a line goes straight down.
    if (!isEnd) points.push([b.x, b.bottom])
    return { from: source, ...(isEnd ? { to } : {}), isStart: from < boxes.length, points }
  })
  return {
    ...{ boxes: placedBoxes, lines },
    width: Number.isFinite(left) ? right - left : 0,
    height: Math.max(0, height - below),
  }
}
