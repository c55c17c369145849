import type { Rectangle } from './camera.ts'
import type { Palette } from './palette.ts'
import type { Scene } from './scene.ts'

/** Around what opened blocks hold, with their names. */
export function paintFrames(
  context: CanvasRenderingContext2D,
  { graph: { frames } }: Scene,
  area: Rectangle,
  zoom: number,
  palette: Palette,
): void {
  const { x, y, width, height, names, depths } = frames
  context.lineWidth = Math.max(1, 0.5 / zoom)
  context.strokeStyle = palette.frameEdge
  context.font = '500 11px system-ui, sans-serif'
  context.textAlign = 'left'
  context.textBaseline = 'alphabetic'
  for (let i = 0; i < x.length; i++) {
    const isSeen =
      x[i]! < area.x + area.width &&
      x[i]! + width[i]! > area.x &&
      y[i]! < area.y + area.height &&
      y[i]! + height[i]! > area.y
    if (!isSeen || height[i]! * zoom < 3) continue
    context.fillStyle = palette.frames[(depths[i]! % 2) as 0 | 1]
    context.beginPath()
    context.roundRect(x[i]!, y[i]!, width[i]!, height[i]!, 10)
    context.fill()
    context.stroke()
    if (zoom < 0.45) continue
    context.fillStyle = palette.frameText
    context.fillText(names[i]!, x[i]! + 10, y[i]! + 13, width[i]! - 20)
  }
}
