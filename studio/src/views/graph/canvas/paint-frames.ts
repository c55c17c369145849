import type { Rectangles } from '../../../engine/graph/types.ts'
import type { Rectangle } from '../../../picture/camera.ts'
import type { Palette } from './palette.ts'
import type { Scene } from './scene.ts'

/** Around what opened blocks hold. */
export function paintFrames(
  context: CanvasRenderingContext2D,
  { graph: { frames } }: Scene,
  area: Rectangle,
  zoom: number,
  palette: Palette,
): void {
  const { x, y, width, height, depths } = frames
  context.lineWidth = Math.max(1, 0.5 / zoom)
  context.strokeStyle = palette.frameEdge
  for (let i = 0; i < x.length; i++) {
    if (!isSeen(frames, i, area) || height[i]! * zoom < 3) continue
    context.fillStyle = palette.frames[(depths[i]! % 2) as 0 | 1]
    context.beginPath()
    context.roundRect(x[i]!, y[i]!, width[i]!, height[i]!, 10)
    context.fill()
    context.stroke()
  }
}

/** Their names, on top of lines: a rim keeps these away. */
export function paintFrameNames(
  context: CanvasRenderingContext2D,
  { graph: { frames } }: Scene,
  area: Rectangle,
  zoom: number,
  palette: Palette,
): void {
  if (zoom < 0.45) return
  const { x, y, width, names, depths } = frames
  context.font = '500 11px system-ui, sans-serif'
  context.textAlign = 'left'
  context.textBaseline = 'alphabetic'
  context.lineWidth = 4
  context.lineJoin = 'round'
  context.fillStyle = palette.frameText
  for (let i = 0; i < x.length; i++) {
    if (!isSeen(frames, i, area)) continue
    context.strokeStyle = palette.frames[(depths[i]! % 2) as 0 | 1]
    context.strokeText(names[i]!, x[i]! + 10, y[i]! + 13, width[i]! - 20)
    context.fillText(names[i]!, x[i]! + 10, y[i]! + 13, width[i]! - 20)
  }
}

const isSeen = ({ x, y, width, height }: Rectangles, i: number, area: Rectangle): boolean =>
  x[i]! < area.x + area.width &&
  x[i]! + width[i]! > area.x &&
  y[i]! < area.y + area.height &&
  y[i]! + height[i]! > area.y
