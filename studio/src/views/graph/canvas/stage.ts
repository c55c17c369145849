import {
  atFirst,
  between,
  type Camera,
  fitted,
  held,
  panned,
  type Rectangle,
  type Size,
  showing,
  zoomed,
} from '../../../picture/camera.ts'
import type { Point } from '../../../picture/gestures.ts'
import type { Marks } from './marks.ts'
import { paint } from './paint.ts'
import type { Palette } from './palette.ts'
import type { Scene } from './scene.ts'

const moveMs = 220

/** The canvas with its camera: draws once per frame, and only when something changed. */
export class Stage {
  readonly #canvas: HTMLCanvasElement
  readonly #moved: (camera: Camera, view: Size) => void
  #scene: Scene | undefined
  #palette: Palette | undefined
  #marks: Marks = { chosen: -1, hovered: -1, lit: new Set() }
  #camera: Camera = { x: 0, y: 0, zoom: 1 }
  #view: Size = { width: 0, height: 0 }
  #isAsked = false
  #move = 0
  /** Nobody moved the camera yet: it shows all, whatever the size. */
  #isUntouched = true

  /** @param moved is told where the camera is, once per frame */
  constructor(canvas: HTMLCanvasElement, moved: (camera: Camera, view: Size) => void) {
    this.#canvas = canvas
    this.#moved = moved
  }

  get camera(): Camera {
    return this.#camera
  }

  get view(): Size {
    return this.#view
  }

  get scene(): Scene | undefined {
    return this.#scene
  }

  resize(view: Size): void {
    if (view.width === this.#view.width && view.height === this.#view.height) return
    // What was in the middle stays there.
    const { x, y, zoom } = this.#camera
    const [dx, dy] = [this.#view.width - view.width, this.#view.height - view.height]
    if (!this.#isUntouched && this.#view.width > 0 && view.width > 0)
      this.#camera = { zoom, x: x + dx / 2 / zoom, y: y + dy / 2 / zoom }
    this.#view = view
    const ratio = window.devicePixelRatio
    this.#canvas.width = Math.round(view.width * ratio)
    this.#canvas.height = Math.round(view.height * ratio)
    if (this.#isUntouched) this.#showFirst()
    // At once: a canvas that was resized is empty.
    this.#paint()
  }

  /** Another picture, seen from its beginning; with the same camera where `keeps` says how far places have moved. */
  show(scene: Scene, keeps?: Point): void {
    this.#scene = scene
    cancelAnimationFrame(this.#move)
    if (keeps) this.#camera = { ...this.#camera, x: this.#camera.x + keeps.x, y: this.#camera.y + keeps.y }
    else this.#showFirst()
    this.ask()
  }

  mark(marks: Partial<Marks>): void {
    this.#marks = { ...this.#marks, ...marks }
    this.ask()
  }

  colour(palette: Palette): void {
    this.#palette = palette
    this.ask()
  }

  pan(dx: number, dy: number): void {
    this.#to(panned(this.#camera, dx, dy))
  }

  /** @param at of the screen; the middle by default */
  zoom(factor: number, at: Point = { x: this.#view.width / 2, y: this.#view.height / 2 }): void {
    const least = this.#scene ? fitted(this.#scene.graph, this.#view).zoom / 2 : 0.1
    this.#to(zoomed(this.#camera, factor, at, least))
  }

  /** Shows everything. */
  fit(): void {
    if (this.#scene) this.#moveTo(fitted(this.#scene.graph, this.#view))
  }

  /**
   * Brings a box into sight.
   * @param covered of the page's height, from below, by something that lies above the picture
   */
  reveal(box: Rectangle, covered = 0): void {
    const { bottom } = this.#canvas.getBoundingClientRect()
    const height = Math.max(80, this.#view.height - Math.max(0, covered - (window.innerHeight - bottom)))
    this.#moveTo(showing(this.#camera, box, { ...this.#view, height }))
  }

  /** Looks at a place of the picture. */
  lookAt({ x, y }: Point): void {
    const { width, height } = this.#view
    const { zoom } = this.#camera
    this.#to({ zoom, x: x - width / zoom / 2, y: y - height / zoom / 2 })
  }

  /** The place of the picture at a place of the screen. */
  placeAt({ x, y }: Point): Point {
    return { x: this.#camera.x + x / this.#camera.zoom, y: this.#camera.y + y / this.#camera.zoom }
  }

  end(): void {
    cancelAnimationFrame(this.#move)
    this.#scene = undefined
  }

  /** Draws in the next frame. */
  ask(): void {
    if (this.#isAsked) return
    this.#isAsked = true
    requestAnimationFrame(() => {
      this.#isAsked = false
      this.#paint()
    })
  }

  #showFirst(): void {
    this.#isUntouched = true
    if (!this.#scene || this.#view.width === 0) return
    const { graph } = this.#scene
    const { x, width } = graph.boxes
    this.#camera = atFirst(graph, this.#view, x.length > 0 ? x[0]! + width[0]! / 2 : 0)
  }

  #to(camera: Camera): void {
    cancelAnimationFrame(this.#move)
    this.#isUntouched = false
    this.#camera = this.#scene ? held(camera, this.#scene.graph, this.#view) : camera
    this.ask()
  }

  #moveTo(camera: Camera): void {
    const [from, start] = [this.#camera, performance.now()]
    this.#isUntouched = false
    cancelAnimationFrame(this.#move)
    if (window.matchMedia('(prefers-reduced-motion: reduce)').matches) {
      this.#to(camera)
      return
    }
    const step = () => {
      const t = Math.min(1, (performance.now() - start) / moveMs)
      this.#camera = between(from, camera, t * t * (3 - 2 * t))
      this.#paint()
      if (t < 1) this.#move = requestAnimationFrame(step)
    }
    this.#move = requestAnimationFrame(step)
  }

  #paint(): void {
    const context = this.#canvas.getContext('2d', { alpha: false })
    if (!context || !this.#scene || !this.#palette || this.#view.width === 0) return
    const ratio = this.#canvas.width / this.#view.width
    const [scene, camera, view, palette, marks] = [this.#scene, this.#camera, this.#view, this.#palette, this.#marks]
    paint(context, { scene, camera, view, ratio, palette, marks })
    this.#moved(camera, view)
  }
}
