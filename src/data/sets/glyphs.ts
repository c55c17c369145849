import type { Random } from '../../base/index.ts'

/*
 * Signs of a few bent strokes, one per class, and their drawing with soft edges. Places are in -1..1, x to the right, y down.
 */

/** [x, y] of a quadratic curve's start, bend and end. */
export type Stroke = readonly [number, number, number, number, number, number]
export type Glyph = readonly Stroke[]

/** place → [a · x + b · y + e, c · x + d · y + f], in pixels. */
export interface Affine {
  readonly a: number
  readonly b: number
  readonly c: number
  readonly d: number
  readonly e: number
  readonly f: number
}

const strokesPerGlyph = 3
const candidates = 12
const segmentsPerStroke = 6
/** Height and width at which signs are compared. */
const comparedSize = 12

/** As many signs as are asked for, each the one of several random ones that is least like those before it. */
export function distinctGlyphs(count: number, random: Random): Glyph[] {
  const glyphs: Glyph[] = []
  const drawn: Float32Array[] = []
  while (glyphs.length < count) {
    let best: { glyph: Glyph; picture: Float32Array; distance: number } | undefined
    for (let i = 0; i < candidates; i++) {
      const glyph = randomGlyph(random)
      const half = comparedSize / 2
      const place = { a: half * 0.8, b: 0, c: 0, d: half * 0.8, e: half, f: half }
      const picture = drawGlyph(glyph, place, comparedSize, 1)
      const distance = drawn.reduce((least, other) => Math.min(least, squaredDistance(picture, other)), Infinity)
      if (!best || distance > best.distance) best = { glyph, picture, distance }
    }
    glyphs.push(best!.glyph)
    drawn.push(best!.picture)
  }
  return glyphs
}

function randomGlyph(random: Random): Glyph {
  const place = () => random.uniform() * 2 - 1
  return Array.from({ length: strokesPerGlyph }, (): Stroke => {
    // A stroke that goes nowhere would be a dot.
    for (;;) {
      const [x0, y0, x2, y2] = [place(), place(), place(), place()]
      if ((x2 - x0) ** 2 + (y2 - y0) ** 2 > 0.6) return [x0, y0, place(), place(), x2, y2]
    }
  })
}

const squaredDistance = (a: Float32Array, b: Float32Array): number =>
  a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0)

/**
 * How much of each pixel a sign covers, 0..1, in a square of `size` pixels.
 * @param thickness of the strokes in pixels
 */
export function drawGlyph(glyph: Glyph, place: Affine, size: number, thickness: number): Float32Array {
  const { a, b, c, d, e, f } = place
  const covered = new Float32Array(size * size)
  for (const [x0, y0, x1, y1, x2, y2] of glyph) {
    const at = (t: number) => {
      const [p, q, r] = [(1 - t) ** 2, 2 * t * (1 - t), t ** 2]
      const [x, y] = [p * x0 + q * x1 + r * x2, p * y0 + q * y1 + r * y2]
      return [a * x + b * y + e, c * x + d * y + f] as const
    }
    for (let s = 0; s < segmentsPerStroke; s++)
      drawSegment(covered, size, at(s / segmentsPerStroke), at((s + 1) / segmentsPerStroke), thickness)
  }
  return covered
}

type Point = readonly [x: number, y: number]

/** Raises what the segment covers; edges fall off over one pixel. */
function drawSegment(covered: Float32Array, size: number, from: Point, to: Point, thickness: number): void {
  const reach = thickness / 2 + 0.5
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]]
  const length = dx * dx + dy * dy
  const first = (p: number, q: number) => Math.max(0, Math.floor(Math.min(p, q) - reach))
  const last = (p: number, q: number) => Math.min(size - 1, Math.ceil(Math.max(p, q) + reach))
  for (let y = first(from[1], to[1]); y <= last(from[1], to[1]); y++)
    for (let x = first(from[0], to[0]); x <= last(from[0], to[0]); x++) {
      const [px, py] = [x + 0.5 - from[0], y + 0.5 - from[1]]
      const along = length === 0 ? 0 : Math.min(1, Math.max(0, (px * dx + py * dy) / length))
      // Math.hypot guards against overflow, and takes several times as long.
      const distance = Math.sqrt((px - along * dx) ** 2 + (py - along * dy) ** 2)
      const value = Math.min(1, reach - distance)
      if (value > covered[y * size + x]!) covered[y * size + x] = value
    }
}
