import { engine } from '../../engine/client.ts'
import { saveBlob } from '../../parts/save.ts'
import { paint } from './canvas/paint.ts'
import type { Palette } from './canvas/palette.ts'
import type { Scene } from './canvas/scene.ts'
import { answered, useGraph } from './graph-state.ts'

/** What browsers can make: pixels on a side, and altogether. */
const longestSide = 16_000
const mostPixels = 48e6
const margin = 24

/** The picture, as it is opened and coloured, as a vector graphic. */
export async function saveSvg(name: string): Promise<void> {
  const { graph, colour } = useGraph.getState()
  const svg = graph && (await answered(engine.graph.svg(graph.opened, colour)))
  if (svg !== undefined) saveBlob(new Blob([svg], { type: 'image/svg+xml' }), `${name}.svg`)
}

/** All of it as pixels, twice as many as on the screen where that is not too much. */
export async function savePng(name: string, scene: Scene, palette: Palette): Promise<void> {
  const size = { width: scene.graph.width + 2 * margin, height: scene.graph.height + 2 * margin }
  const ratio = pngRatio(size)
  const canvas = document.createElement('canvas')
  canvas.width = Math.ceil(size.width * ratio)
  canvas.height = Math.ceil(size.height * ratio)
  paint(canvas.getContext('2d', { alpha: false })!, {
    ...{ scene, palette, ratio },
    camera: { x: -margin, y: -margin, zoom: 1 },
    view: size,
    marks: { chosen: -1, hovered: -1, lit: new Set() },
  })
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'))
  if (blob) saveBlob(blob, `${name}.png`)
}

/** How many pixels one of the picture becomes. */
export const pngRatio = ({ width, height }: { width: number; height: number }): number =>
  Math.min(2, longestSide / width, longestSide / height, Math.sqrt(mostPixels / (width * height)))
