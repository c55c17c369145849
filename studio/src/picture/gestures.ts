/** A place on the canvas, in pixels of the page from its upper left corner. */
export interface Point {
  readonly x: number
  readonly y: number
}

/** What a person does to the picture with a mouse, a pen or fingers. */
export interface Gestures {
  pan(dx: number, dy: number): void
  zoom(factor: number, at: Point): void
  click?(at: Point): void
  hover?(at: Point | undefined): void
  /** Whether a turn of the wheel is for the picture; by default every one is. */
  takesWheel?(event: WheelEvent): boolean
}

/** A press that moves farther is no click. */
const stillness = 4

/**
 * Listens to an element: drag pans, two fingers and the wheel zoom, a press that stays is a click.
 * @returns ends it
 */
export function listen(element: HTMLElement, gestures: Gestures): () => void {
  const pointers = new Map<number, Point>()
  let start: Point | undefined
  const pointOf = (event: MouseEvent): Point => {
    const { left, top } = element.getBoundingClientRect()
    return { x: event.clientX - left, y: event.clientY - top }
  }
  const down = (event: PointerEvent) => {
    if (event.button !== 0) return
    pointers.set(event.pointerId, pointOf(event))
    start = pointers.size === 1 ? pointOf(event) : undefined
  }
  const move = (event: PointerEvent) => {
    const before = pointers.get(event.pointerId)
    const now = pointOf(event)
    if (!before) {
      if (event.pointerType === 'mouse') gestures.hover?.(now)
      return
    }
    if (start && distance(start, now) < stillness) return
    start = undefined
    // Not before: a press that stays is one of what lies below it.
    element.setPointerCapture(event.pointerId)
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1]
    pointers.set(event.pointerId, now)
    if (!other) gestures.pan(now.x - before.x, now.y - before.y)
    else {
      const middle = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 }
      gestures.pan((now.x - before.x) / 2, (now.y - before.y) / 2)
      gestures.zoom(distance(now, other) / Math.max(1, distance(before, other)), middle)
    }
  }
  const up = (event: PointerEvent) => {
    pointers.delete(event.pointerId)
    if (start && event.type === 'pointerup') gestures.click?.(start)
    start = undefined
  }
  const wheel = (event: WheelEvent) => {
    if (gestures.takesWheel?.(event) === false) return
    event.preventDefault()
    // Lines and pages in pixels.
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? 1 : 30
    if (event.shiftKey) gestures.pan(-(event.deltaX || event.deltaY) * unit, 0)
    // A pinch on a touchpad comes as small steps with ctrl.
    else gestures.zoom(Math.exp(-event.deltaY * unit * (event.ctrlKey ? 0.01 : 0.002)), pointOf(event))
  }
  const leave = ({ pointerId }: PointerEvent) => {
    // Where it goes up now, nobody hears here.
    if (!element.hasPointerCapture(pointerId)) pointers.delete(pointerId)
    gestures.hover?.(undefined)
  }
  const listeners = [
    ['pointerdown', down],
    ['pointermove', move],
    ['pointerup', up],
    ['pointercancel', up],
    ['pointerleave', leave],
    ['wheel', wheel],
  ] as const
  for (const [name, listener] of listeners)
    element.addEventListener(name, listener as EventListener, { passive: false })
  return () => {
    for (const [name, listener] of listeners) element.removeEventListener(name, listener as EventListener)
  }
}

const distance = (a: Point, b: Point): number => Math.hypot(a.x - b.x, a.y - b.y)
