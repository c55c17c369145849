import type { Camera, Rectangle, Size } from '../../../picture/camera.ts'
import type { Marks } from './marks.ts'
import { paintBoxes } from './paint-boxes.ts'
import { paintFrameNames, paintFrames } from './paint-frames.ts'
import { paintLines } from './paint-lines.ts'
import type { Palette } from './palette.ts'
import type { Scene } from './scene.ts'

/** The part of a picture that a camera sees. */
export const seenBy = ({ x, y, zoom }: Camera, { width, height }: Size): Rectangle => ({
  ...{ x, y },
  width: width / zoom,
  height: height / zoom,
})

/**
 * Draws what is in sight, with as much detail as can be seen.
 * @param context of a canvas of `view` pixels of the page, `ratio` times as many of its own
 */
export function paint(context: CanvasRenderingContext2D, { scene, camera, view, ratio, palette, marks }: Shot): void {
  context.setTransform(1, 0, 0, 1, 0, 0)
  context.fillStyle = palette.background
  context.fillRect(0, 0, view.width * ratio, view.height * ratio)
  const scale = camera.zoom * ratio
  context.setTransform(scale, 0, 0, scale, -camera.x * scale, -camera.y * scale)
  const area = seenBy(camera, view)
  paintFrames(context, scene, area, camera.zoom, palette)
  paintLines(context, scene, area, camera.zoom, palette, marks)
  paintFrameNames(context, scene, area, camera.zoom, palette)
  paintBoxes(context, scene, area, camera.zoom, palette, marks)
}

/** Everything that one picture of the canvas depends on. */
export interface Shot {
  readonly scene: Scene
  readonly camera: Camera
  readonly view: Size
  readonly ratio: number
  readonly palette: Palette
  readonly marks: Marks
}
