import type { Rectangle } from '../../../picture/camera.ts'
import type { Marks } from './marks.ts'
import type { Palette } from './palette.ts'
import { type Scene, thickest } from './scene.ts'

/** Below this zoom bends and heads cannot be seen. */
const bendsFrom = 0.2
const headsFrom = 0.3

/** Lines by their thickness, each kind as one path; those at the chosen box on top. */
export function paintLines(
  context: CanvasRenderingContext2D,
  scene: Scene,
  area: Rectangle,
  zoom: number,
  palette: Palette,
  { chosen, lit }: Marks,
): void {
  const { lines } = scene.graph
  const paths = Array.from({ length: thickest + 1 }, () => new Path2D())
  const heads = new Path2D()
  const marked: number[] = []
  scene.lineCells.within(area, (i) => {
    if (chosen >= 0 && (lines.from[i] === chosen || lines.to[i] === chosen)) marked.push(i)
    else add(scene, i, zoom, paths[scene.thickness[i]!]!, heads)
  })
  context.globalAlpha = lit.size > 0 ? 0.45 : 1
  stroke(context, paths, heads, zoom, palette.line)
  context.globalAlpha = 1
  if (marked.length === 0) return
  const chosenPaths = paths.map(() => new Path2D())
  const chosenHeads = new Path2D()
  for (const i of marked) add(scene, i, zoom, chosenPaths[scene.thickness[i]!]!, chosenHeads)
  stroke(context, chosenPaths, chosenHeads, zoom, palette.chosen)
}

function stroke(
  context: CanvasRenderingContext2D,
  paths: readonly Path2D[],
  heads: Path2D,
  zoom: number,
  colour: string,
): void {
  context.strokeStyle = colour
  context.fillStyle = colour
  paths.forEach((path, width) => {
    // What is thinner than a pixel is paler only, and costs as much.
    context.lineWidth = Math.max(width, 0.75 / zoom)
    context.stroke(path)
  })
  if (zoom >= headsFrom) context.fill(heads)
}

/** Lines part and meet straight up and down; what ends has a head. */
function add({ graph: { lines } }: Scene, i: number, zoom: number, path: Path2D, heads: Path2D): void {
  const { points, to } = lines
  const at = 6 * i
  const [x1, y1, x2, y2, y3] = [points[at]!, points[at + 1]!, points[at + 2]!, points[at + 3]!, points[at + 5]!]
  const isEnd = to[i]! >= 0
  if ((y3 - y1) * zoom < 0.5 && Math.abs(x2 - x1) * zoom < 0.5) return
  const bottom = isEnd && zoom >= headsFrom ? y2 - 5 : y2
  path.moveTo(x1, y1)
  if (x1 === x2 || zoom < bendsFrom) path.lineTo(x2, bottom)
  else path.bezierCurveTo(x1, (y1 + bottom) / 2, x2, (y1 + bottom) / 2, x2, bottom)
  if (y3 > y2) path.lineTo(x2, y3)
  if (!isEnd || zoom < headsFrom) return
  heads.moveTo(x2 - 4.5, y2 - 8)
  heads.lineTo(x2 + 4.5, y2 - 8)
  heads.lineTo(x2, y2)
  heads.closePath()
}
