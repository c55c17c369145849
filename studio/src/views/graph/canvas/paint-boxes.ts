import { boxKinds } from '../../../engine/graph/types.ts'
import type { Rectangle } from '../../../picture/camera.ts'
import { percentText, sumText } from '../colourings.ts'
import type { Marks } from './marks.ts'
import { type Palette, shadeCount } from './palette.ts'
import type { Scene } from './scene.ts'

const block = boxKinds.indexOf('block')
const layer = boxKinds.indexOf('layer')

/** Below these zooms corners and edges, and letters, cannot be seen. */
const edgesFrom = 0.18
const titlesFrom = 0.42
const textsFrom = 0.5

/** Boxes in sight, by their shade; then their texts; then rings around what is marked. */
export function paintBoxes(
  context: CanvasRenderingContext2D,
  scene: Scene,
  area: Rectangle,
  zoom: number,
  palette: Palette,
  marks: Marks,
): void {
  const { boxes } = scene.graph
  const seen: number[] = []
  const byShade = Array.from({ length: shadeCount }, (): number[] => [])
  scene.boxCells.within(area, (i) => {
    if (boxes.y[i]! > area.y + area.height || boxes.y[i]! + boxes.height[i]! < area.y) return
    seen.push(i)
    byShade[scene.shades[i]!]!.push(i)
  })
  const { lit } = marks
  const withEdges = zoom >= edgesFrom
  context.lineWidth = Math.max(1, 0.6 / zoom)
  context.strokeStyle = palette.edge
  byShade.forEach((own, shade) => {
    if (own.length === 0) return
    const path = new Path2D()
    for (const i of own) outline(path, scene, i, withEdges ? 0 : 1.5 / zoom)
    context.fillStyle = withEdges || shade > 2 ? palette.shades[shade]! : palette.line
    context.fill(path)
    if (withEdges) context.stroke(path)
  })
  if (zoom >= titlesFrom) for (const i of seen) write(context, scene, i, zoom, palette)
  for (const i of lit) ring(context, scene, i, palette.lit, Math.max(2.5, 1.5 / zoom))
  if (marks.hovered >= 0 && marks.hovered !== marks.chosen)
    ring(context, scene, marks.hovered, palette.edge, Math.max(2, 1 / zoom))
  if (marks.chosen >= 0) ring(context, scene, marks.chosen, palette.chosen, Math.max(3.5, 2.5 / zoom))
}

/**
 * What stands for several layers has a second box behind it.
 * @param least of sizes, where corners cannot be seen; 0: they can
 */
function outline(path: Path2D, { graph: { boxes } }: Scene, i: number, least: number): void {
  const [x, y, width, height, kind] = [boxes.x[i]!, boxes.y[i]!, boxes.width[i]!, boxes.height[i]!, boxes.kinds[i]!]
  if (least > 0) {
    path.rect(x, y, Math.max(width, least), Math.max(height, least))
    return
  }
  const corner = kind === block ? 8 : kind === layer ? 4 : height / 2
  if (kind === block) {
    // Only what looks out from behind.
    path.moveTo(x + width, y + 8)
    path.lineTo(x + width + 4, y + 12)
    path.lineTo(x + width + 4, y + height - 2)
    path.quadraticCurveTo(x + width + 4, y + height + 4, x + width - 2, y + height + 4)
    path.lineTo(x + 12, y + height + 4)
    path.lineTo(x + 8, y + height)
    path.lineTo(x + width - 8, y + height)
    path.quadraticCurveTo(x + width, y + height, x + width, y + height - 8)
    path.closePath()
  }
  path.roundRect(x, y, width, height, corner)
}

function write(
  context: CanvasRenderingContext2D,
  { graph: { boxes }, shades, parts }: Scene,
  i: number,
  zoom: number,
  palette: Palette,
): void {
  const width = boxes.width[i]! - 12
  const middle = boxes.x[i]! + boxes.width[i]! / 2
  const sum = parts.sums[i]!
  const lines = [boxes.texts[i]!]
  if (boxes.hasPart[i] && sum > 0) lines.push(`${percentText(parts.parts[i]!)} · ${sumText(parts, sum)}`)
  const shown = zoom >= textsFrom ? lines : []
  const top = boxes.y[i]! + (boxes.height[i]! - 16 * shown.length) / 2 + 4
  context.fillStyle = palette.inks[shades[i]!]!
  context.textAlign = 'center'
  context.textBaseline = 'alphabetic'
  context.font = '600 12px system-ui, sans-serif'
  context.fillText(boxes.titles[i]!, middle, top, width)
  if (shown.length === 0) return
  context.font = '11px system-ui, sans-serif'
  shown.forEach((line, n) => {
    context.fillText(line, middle, top + 16 * (n + 1), width)
  })
}

function ring(
  context: CanvasRenderingContext2D,
  { graph: { boxes } }: Scene,
  i: number,
  colour: string,
  width: number,
): void {
  const gap = width / 2 + 1
  const corner = boxes.kinds[i] === layer ? 6 : boxes.kinds[i] === block ? 10 : boxes.height[i]! / 2 + gap
  context.strokeStyle = colour
  context.lineWidth = width
  context.beginPath()
  context.roundRect(boxes.x[i]! - gap, boxes.y[i]! - gap, boxes.width[i]! + 2 * gap, boxes.height[i]! + 2 * gap, corner)
  context.stroke()
}
