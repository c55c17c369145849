import { useComputedColorScheme } from '@mantine/core'
import { useEffect, useRef } from 'react'
import type { Camera, Size } from '../../picture/camera.ts'
import { type Palette, palettes } from './canvas/palette.ts'
import type { Scene } from './canvas/scene.ts'
import type { Stage } from './canvas/stage.ts'
import classes from './graph.module.css'
import { useGraph } from './graph-state.ts'

/** Of the part of the view that it may take. */
const part = 0.32
const largest = { width: 150, height: 210 }
const smallest = { width: 36, height: 36 }

/** The whole picture, small, with what is in sight: a press or a drag looks there. */
export function Minimap({
  stage,
  onMove,
}: {
  stage: Stage
  onMove: (tell: (camera: Camera, view: Size) => void) => void
}) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const { graph, colour } = useGraph()
  const palette = palettes[useComputedColorScheme('light')]

  // biome-ignore lint/correctness/useExhaustiveDependencies: the scene changes with the graph and the colouring.
  useEffect(() => {
    const context = canvas.current?.getContext('2d')
    if (!context) return
    let small: HTMLCanvasElement | undefined
    let made: Scene | undefined
    onMove((camera, view) => {
      const { scene } = stage
      if (!scene) return
      const room = {
        width: Math.min(largest.width, part * view.width),
        height: Math.min(largest.height, part * view.height),
      }
      if (scene !== made) small = drawn(scene, palette, room)
      made = scene
      const [width, height] = [small!.width, small!.height]
      if (context.canvas.width !== width || context.canvas.height !== height) {
        context.canvas.width = width
        context.canvas.height = height
        context.canvas.style.width = `${width / window.devicePixelRatio}px`
      }
      context.clearRect(0, 0, width, height)
      context.drawImage(small!, 0, 0)
      const [sx, sy] = [width / scene.graph.width, height / scene.graph.height]
      context.strokeStyle = palette.chosen
      context.lineWidth = 1.5 * window.devicePixelRatio
      const [left, right] = seen(camera.x * sx, (view.width / camera.zoom) * sx, width)
      const [top, bottom] = seen(camera.y * sy, (view.height / camera.zoom) * sy, height)
      context.strokeRect(left, top, right - left, bottom - top)
    })
    stage.ask()
  }, [stage, graph, colour, palette, onMove])

  const look = (event: React.PointerEvent<HTMLCanvasElement>) => {
    if (event.type === 'pointermove' && event.buttons === 0) return
    const { left, top, width, height } = event.currentTarget.getBoundingClientRect()
    const { scene } = stage
    event.currentTarget.setPointerCapture(event.pointerId)
    if (!scene) return
    const part = { x: (event.clientX - left) / width, y: (event.clientY - top) / height }
    stage.lookAt({ x: part.x * scene.graph.width, y: part.y * scene.graph.height })
  }
  return (
    <div className={classes.minimap} aria-hidden="true">
      {/* Of no size until it is drawn: it would shrink from what canvases have. */}
      <canvas
        ref={canvas}
        width={0}
        height={0}
        onPointerDown={look}
        onPointerMove={look}
        style={{ display: 'block' }}
      />
    </div>
  )
}

/** From where to where something of so many pixels is in sight: large enough to be found. */
function seen(start: number, length: number, all: number): [number, number] {
  const from = Math.min(all - 6, Math.max(1, start))
  return [from, Math.max(from + 5, Math.min(all - 1, start + length))]
}

/** Long pictures are pressed together, so that there is something to see of their width. */
function drawn({ graph, shades }: Scene, palette: Palette, room: Size): HTMLCanvasElement {
  const { boxes } = graph
  const ratio = window.devicePixelRatio
  const scale = Math.min(room.width / graph.width, room.height / graph.height)
  const small = document.createElement('canvas')
  small.width = Math.round(Math.max(smallest.width, graph.width * scale) * ratio)
  small.height = Math.round(Math.max(smallest.height, graph.height * scale) * ratio)
  const context = small.getContext('2d')!
  const [sx, sy] = [small.width / graph.width, small.height / graph.height]
  for (let i = 0; i < boxes.x.length; i++) {
    context.fillStyle = shades[i]! > 2 ? palette.shades[shades[i]!]! : palette.line
    const [width, height] = [Math.max(1, boxes.width[i]! * sx), Math.max(1, boxes.height[i]! * sy)]
    context.fillRect(boxes.x[i]! * sx, boxes.y[i]! * sy, width, height)
  }
  return small
}
