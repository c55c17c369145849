/** What is seen: the place in the upper left corner, and how many pixels of the screen one of the picture takes. */
export interface Camera {
  readonly x: number
  readonly y: number
  readonly zoom: number
}

export interface Size {
  readonly width: number
  readonly height: number
}

export interface Rectangle extends Size {
  readonly x: number
  readonly y: number
}

const largest = 3
const margin = 24

const within = (value: number, least: number, most: number): number => Math.min(most, Math.max(least, value))

/** Everything in the middle; a small network not larger than it is. */
export function fitted(picture: Size, view: Size): Camera {
  const room = (length: number) => Math.max(1, length - 2 * margin)
  const zoom = Math.min(1, room(view.width) / picture.width, room(view.height) / picture.height)
  return { x: (picture.width - view.width / zoom) / 2, y: (picture.height - view.height / zoom) / 2, zoom }
}

/**
 * As it is seen at first: all of it where it can be read then, else its beginning.
 * @param middle of the first box, from the left
 */
export function atFirst(picture: Size, view: Size, middle: number): Camera {
  const all = fitted(picture, view)
  const readable = 0.7
  if (all.zoom >= readable) return all
  const zoom = within((view.width - 2 * margin) / picture.width, readable, 1)
  const isNarrow = picture.width * zoom < view.width
  return { x: (isNarrow ? picture.width / 2 : middle) - view.width / zoom / 2, y: -margin / zoom, zoom }
}

/** Nearer or farther, with the place at `point` of the screen where it is. */
export function zoomed({ x, y, zoom }: Camera, factor: number, point: { x: number; y: number }, least: number): Camera {
  const next = within(zoom * factor, Math.min(least, zoom), largest)
  const by = 1 / zoom - 1 / next
  return { x: x + point.x * by, y: y + point.y * by, zoom: next }
}

/** Moved by pixels of the screen. */
export const panned = ({ x, y, zoom }: Camera, dx: number, dy: number): Camera => ({
  x: x - dx / zoom,
  y: y - dy / zoom,
  zoom,
})

/** So that something of the picture stays in sight. */
export function held(camera: Camera, picture: Size, view: Size): Camera {
  const { zoom } = camera
  const [width, height] = [view.width / zoom, view.height / zoom]
  const rest = 0.85
  return {
    x: within(camera.x, -rest * width, picture.width - (1 - rest) * width),
    y: within(camera.y, -rest * height, picture.height - (1 - rest) * height),
    zoom,
  }
}

/** Moved as little as brings a box into sight, with some room around; near enough to be read. */
export function showing(camera: Camera, box: Rectangle, view: Size): Camera {
  const zoom = within(camera.zoom, 0.6, largest)
  const moved =
    zoom === camera.zoom ? camera : zoomed(camera, zoom / camera.zoom, { x: view.width / 2, y: view.height / 2 }, zoom)
  const room = Math.min(60, view.width / 8, view.height / 8) / zoom
  const along = (at: number, seen: number, start: number, length: number) =>
    length + 2 * room > seen ? start + length / 2 - seen / 2 : within(at, start + length + room - seen, start - room)
  return {
    x: along(moved.x, view.width / zoom, box.x, box.width),
    y: along(moved.y, view.height / zoom, box.y, box.height),
    zoom,
  }
}

/** Between two, `t` from 0 to 1. */
export function between(a: Camera, b: Camera, t: number): Camera {
  const zoom = a.zoom * (b.zoom / a.zoom) ** t
  // The place goes as the zoom does, so that what is looked at stays in sight.
  const part = a.zoom === b.zoom ? t : (1 / a.zoom - 1 / zoom) / (1 / a.zoom - 1 / b.zoom)
  return { x: a.x + (b.x - a.x) * part, y: a.y + (b.y - a.y) * part, zoom }
}
