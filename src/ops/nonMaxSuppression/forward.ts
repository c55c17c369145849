import type { Dense } from '../../graph/index.ts'

/** Corners of a box, the lower ones first. */
interface Box {
  readonly top: number
  readonly left: number
  readonly bottom: number
  readonly right: number
}

/** @param centred boxes are (x centre, y centre, width, height), otherwise two opposite corners (y1, x1, y2, x2) */
function boxAt({ data }: Dense, at: number, centred: boolean): Box {
  const [a, b, c, d] = [0, 1, 2, 3].map((i) => data[at + i]!) as [number, number, number, number]
  return centred
    ? { top: b - d / 2, left: a - c / 2, bottom: b + d / 2, right: a + c / 2 }
    : { top: Math.min(a, c), left: Math.min(b, d), bottom: Math.max(a, c), right: Math.max(b, d) }
}

const area = (b: Box): number => (b.bottom - b.top) * (b.right - b.left)

/** Intersection over union. */
function overlap(a: Box, b: Box): number {
  const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top)
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left)
  if (height <= 0 || width <= 0) return 0
  const common = height * width
  return common / (area(a) + area(b) - common)
}

export interface Suppression {
  readonly centred: boolean
  /** Boxes that stay per batch and class. */
  readonly most: number
  /** A box that overlaps a better one by more than this goes. */
  readonly overlap: number
  /** Boxes stay out whose score is not above this; undefined: all come in. */
  readonly score: number | undefined
}

/** Triples (batch, class, box), best first within a class. boxes [N, B, 4], scores [N, classes, B]. */
export function suppress(boxes: Dense, scores: Dense, rule: Suppression): number[] {
  const [batch, classes, count] = scores.shape as [number, number, number]
  const found: number[] = []
  for (let n = 0; n < batch; n++)
    for (let c = 0; c < classes; c++) {
      const score = (i: number) => scores.data[(n * classes + c) * count + i]!
      const candidates = Array.from({ length: count }, (_, i) => i)
        .filter((i) => rule.score === undefined || score(i) > rule.score)
        .sort((i, j) => score(j) - score(i) || i - j)
      const kept: Box[] = []
      for (const i of candidates) {
        if (kept.length >= rule.most) break
        const box = boxAt(boxes, (n * count + i) * 4, rule.centred)
        if (kept.some((better) => overlap(better, box) > rule.overlap)) continue
        kept.push(box)
        found.push(n, c, i)
      }
    }
  return found
}
