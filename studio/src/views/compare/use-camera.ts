import { type KeyboardEvent, type RefObject, useEffect, useRef } from 'react'
import {
  atFirst,
  type Camera,
  fitted,
  held,
  panned,
  type Rectangle,
  type Size,
  showing,
  zoomed,
} from '../../picture/camera.ts'
import { listen, type Point } from '../../picture/gestures.ts'

const step = 60

export interface PictureCamera {
  /** What the picture is seen through. */
  readonly frame: RefObject<HTMLElement | null>
  /** The picture. */
  readonly picture: RefObject<HTMLDivElement | null>
  zoom(factor: number): void
  fit(): void
  /** Brings a box into sight. */
  reveal(box: Rectangle): void
  onKey(event: KeyboardEvent): void
}

/**
 * Moves and scales a picture of elements, without drawing it anew.
 * @param size of the picture
 * @param middle of its first box, from the left
 */
export function useCamera(size: Size, middle: number): PictureCamera {
  const frame = useRef<HTMLElement>(null)
  const picture = useRef<HTMLDivElement>(null)
  /** Undefined until somebody has moved it. */
  const camera = useRef<Camera>(undefined)
  const viewOf = (): Size => ({ width: frame.current!.clientWidth, height: frame.current!.clientHeight })
  const now = () => camera.current ?? atFirst(size, viewOf(), middle)
  const show = (next: Camera) => {
    const { x, y, zoom } = next
    picture.current!.style.transform = `scale(${zoom}) translate(${-x}px, ${-y}px)`
  }
  const to = (next: Camera) => {
    camera.current = held(next, size, viewOf())
    show(camera.current)
  }
  const zoom = (factor: number, at?: Point) => {
    const view = viewOf()
    to(zoomed(now(), factor, at ?? { x: view.width / 2, y: view.height / 2 }, fitted(size, view).zoom / 2))
  }
  const pan = (dx: number, dy: number) => to(panned(now(), dx, dy))
  const latest = useRef({ pan, zoom })
  latest.current = { pan, zoom }
  useEffect(() => show(now()))
  useEffect(() => {
    const element = frame.current!
    const observer = new ResizeObserver(() => camera.current ?? latest.current.pan(0, 0))
    observer.observe(element)
    const end = listen(element, {
      pan: (dx, dy) => latest.current.pan(dx, dy),
      zoom: (factor, at) => latest.current.zoom(factor, at),
      // Whoever scrolls the page over it means the page, until the picture was chosen.
      takesWheel: ({ ctrlKey }) => ctrlKey || element.contains(document.activeElement),
    })
    return () => {
      observer.disconnect()
      end()
    }
  }, [])
  return {
    frame,
    picture,
    zoom,
    fit: () => to(fitted(size, viewOf())),
    reveal: (box) => to(showing(now(), box, viewOf())),
    onKey(event) {
      if (event.ctrlKey || event.metaKey || event.altKey) return
      const moves: Readonly<Record<string, () => void>> = {
        '+': () => zoom(1.25),
        '=': () => zoom(1.25),
        '-': () => zoom(0.8),
        '0': () => to(fitted(size, viewOf())),
        ArrowLeft: () => pan(step, 0),
        ArrowRight: () => pan(-step, 0),
        ArrowUp: () => pan(0, step),
        ArrowDown: () => pan(0, -step),
      }
      const move = moves[event.key]
      if (!move) return
      event.preventDefault()
      move()
    },
  }
}
