import type { Layer } from 'kerf'
import type { Frame, Picture, PicturedBox, PicturedLine } from 'kerf/report'
import {
  boxKinds,
  type GraphBoxes,
  type GraphColumns,
  type GraphFrames,
  type GraphLines,
  type Rectangles,
} from './types.ts'

/** A picture by columns. */
export function columnsOf(
  picture: Picture,
  rowOf: ReadonlyMap<Layer, number>,
  opened: readonly string[],
): GraphColumns {
  const { boxes, lines, frames, arrows, width, height } = picture
  const sorted = arrows.toSorted((a, b) => a.from - b.from)
  return {
    ...{ opened, width, height },
    boxes: boxColumns(boxes, rowOf),
    lines: lineColumns(lines),
    frames: frameColumns(frames),
    arrows: { from: Uint32Array.from(sorted, (a) => a.from), to: Uint32Array.from(sorted, (a) => a.to) },
  }
}

/** Memory that can go along with the columns instead of being copied. */
export function memoryOf({ boxes, lines, frames, arrows }: GraphColumns): ArrayBuffer[] {
  return [boxes, lines, frames, arrows].flatMap((columns) =>
    Object.values(columns).flatMap((column) => (ArrayBuffer.isView(column) ? [column.buffer as ArrayBuffer] : [])),
  )
}

const rectangles = (all: readonly { x: number; y: number; width: number; height: number }[]): Rectangles => ({
  x: Float32Array.from(all, (r) => r.x),
  y: Float32Array.from(all, (r) => r.y),
  width: Float32Array.from(all, (r) => r.width),
  height: Float32Array.from(all, (r) => r.height),
})

function boxColumns(boxes: readonly PicturedBox[], rowOf: ReadonlyMap<Layer, number>): GraphBoxes {
  const rowStarts = new Uint32Array(boxes.length + 1)
  boxes.forEach((box, i) => {
    rowStarts[i + 1] = rowStarts[i]! + box.layers.length
  })
  return {
    ...rectangles(boxes),
    kinds: Uint8Array.from(boxes, (b) => boxKinds.indexOf(b.kind)),
    titles: boxes.map((b) => b.title),
    texts: boxes.map((b) => b.text),
    names: boxes.map((b) => b.name),
    paths: boxes.map((b) => b.path),
    parents: boxes.map((b) => b.inside.at(-1) ?? ''),
    hasPart: Uint8Array.from(boxes, (b) => (b.hasPart ? 1 : 0)),
    rows: Uint32Array.from(boxes.flatMap((b) => b.layers.map((l) => rowOf.get(l)!))),
    rowStarts,
  }
}

const lineColumns = (lines: readonly PicturedLine[]): GraphLines => ({
  from: Uint32Array.from(lines, (l) => l.from),
  to: Int32Array.from(lines, (l) => l.to ?? -1),
  points: Float32Array.from(lines.flatMap(({ points: [a, b, c = b] }) => [...a!, ...b!, ...c!])),
  elements: Float64Array.from(lines, (l) => l.elements),
})

const frameColumns = (frames: readonly Frame[]): GraphFrames => ({
  ...rectangles(frames),
  names: frames.map((f) => f.name),
  paths: frames.map((f) => f.path),
  depths: Uint8Array.from(frames, (f) => f.depth),
})
