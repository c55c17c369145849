import type { GraphColumns, GraphLines, Rectangles } from '../../../engine/graph/types.ts'
import type { Parts } from '../colourings.ts'
import { Cells } from './cells.ts'
import { shadeOf } from './palette.ts'

/** What is drawn, with what finds it quickly. */
export interface Scene {
  readonly graph: GraphColumns
  readonly boxCells: Cells
  readonly lineCells: Cells
  /** Of lines, in pixels at a zoom of 1: by the square root of what goes along them. */
  readonly thickness: Uint8Array
  /** Places in `Palette.shades`, one for each box. */
  readonly shades: Uint8Array
  readonly parts: Parts
}

/** Lines have 1 to 6 pixels. */
export const thickest = 6

export function sceneOf(graph: GraphColumns, parts: Parts): Scene {
  const { elements } = graph.lines
  const largest = elements.reduce((most, e) => Math.max(most, e), 1)
  return {
    graph,
    boxCells: new Cells(graph.boxes),
    lineCells: new Cells(around(graph.lines)),
    thickness: Uint8Array.from(elements, (e) => Math.round(1 + (thickest - 1) * Math.sqrt(e / largest))),
    ...coloured(parts),
  }
}

/** The part of a scene that the colouring makes. */
export const coloured = (parts: Parts): Pick<Scene, 'shades' | 'parts'> => ({
  parts,
  shades: Uint8Array.from(parts.parts, (part) => shadeOf(part, parts.most)),
})

function around({ from, points }: GraphLines): Rectangles {
  const count = from.length
  const [x, y] = [new Float32Array(count), new Float32Array(count)]
  const [width, height] = [new Float32Array(count), new Float32Array(count)]
  for (let i = 0; i < count; i++) {
    const at = 6 * i
    x[i] = Math.min(points[at]!, points[at + 2]!)
    y[i] = points[at + 1]!
    width[i] = Math.abs(points[at]! - points[at + 2]!)
    height[i] = points[at + 5]! - y[i]!
  }
  return { x, y, width, height }
}
