import type { Layer, Profile } from '../../cost/index.ts'
import { windowText } from '../layer-columns.ts'
import { shapeText } from '../numbers.ts'
import { type Drawing, type DrawnBox, type FoldOptions, graphDrawing } from './drawing.ts'
import { nameWithin } from './fold.ts'
import { type Frame, framesOf, roomForFrames } from './frames.ts'
import { type LayeredLayout, type Line, layeredLayout, type PlacedBox } from './layered.ts'

/** A box in its place, with its texts. */
export interface PicturedBox extends DrawnBox, PlacedBox {
  /** Its name within the innermost opened block that it lies in, shortened from the front. */
  readonly title: string
  /** What it holds and gives: `Conv 3×3 → 1×64×56×56`. */
  readonly text: string
  /** Whether there is room for a third line: its part of the whole. */
  readonly hasPart: boolean
}

/** A line with how much goes along it. */
export interface PicturedLine extends Line {
  /** Elements; 0 where that is not known. */
  readonly elements: number
}

/** A network, ready to be drawn: places in pixels at letters of 12. */
export interface Picture {
  /** In an order in which no arrow goes backwards. */
  readonly boxes: readonly PicturedBox[]
  /** Between boxes, by their numbers. */
  readonly arrows: Drawing['arrows']
  /** All together lead from each box to each of its readers. */
  readonly lines: readonly PicturedLine[]
  /** Around what opened blocks hold, the outermost first. */
  readonly frames: readonly Frame[]
  /** Of everything, in pixels. */
  readonly width: number
  /** Of everything, in pixels. */
  readonly height: number
}

const lineHeight = 16
const padding = 12

/** How a network is laid out. */
export interface PictureOptions extends FoldOptions {
  /** The second line of a box, in place of what it holds and gives; undefined: as without it. Boxes are as wide as it needs. */
  textOf?(box: DrawnBox): string | undefined
}

/** Of letters, on the average: pictures have no fonts of their own. */
const letter = { large: 7.4, small: 6.4 }
/** Names are shortened to so many letters. */
const longest = 34
/** Wide enough for a part of the whole. */
const narrowest = 112

/**
 * A network laid out in layers, with texts and frames.
 * @param profile its layers and inputs
 * @param options which blocks are open, and what boxes say
 */
export function graphPicture(profile: Pick<Profile, 'layers' | 'inputs'>, options: PictureOptions = {}): Picture {
  const { boxes, arrows } = graphDrawing(profile, options)
  const texts = boxes.map((box) => {
    const text = options.textOf?.(box)
    return { ...textsOf(box), ...(text !== undefined && { text, hasPart: false }) }
  })
  const sizes = texts.map(sizeOf)
  const room = roomForFrames(boxes)
  const outer = sizes.map((size, i) => ({ ...size, height: size.height + room[i]!.above + room[i]!.below }))
  const layout = layeredLayout(outer, arrows, { beside: 32, below: 36 })
  const inner = layout.boxes.map((box, i) => ({ ...box, y: box.y + room[i]!.above, height: sizes[i]!.height }))
  const frames = framesOf(boxes, inner)
  // Frames may reach beyond the outermost boxes.
  const left = frames.reduce((least, f) => Math.min(least, f.x), 0)
  const right = frames.reduce((most, f) => Math.max(most, f.x + f.width), layout.width)
  const moved = <T extends { readonly x: number }>(part: T): T => ({ ...part, x: part.x - left })
  return {
    boxes: boxes.map((box, i) => moved({ ...box, ...texts[i]!, ...inner[i]! })),
    arrows,
    lines: linesTo(layout, inner, arrows).map((l) => ({
      ...l,
      points: l.points.map(([x, y]) => [x - left, y] as const),
    })),
    frames: frames.map(moved),
    width: right - left,
    height: layout.height,
  }
}

/** Lines end at the boxes themselves, not at the room around them. */
function linesTo(
  { lines }: LayeredLayout,
  boxes: readonly PlacedBox[],
  arrows: Drawing['arrows'],
): readonly PicturedLine[] {
  const single = new Map(arrows.map(({ from, to, elements }) => [from * boxes.length + to, elements ?? 0]))
  const largest = new Float64Array(boxes.length)
  for (const { from, elements } of arrows) largest[from] = Math.max(largest[from]!, elements ?? 0)
  const outerEnd = (i: number) => boxes[i]!.y + boxes[i]!.height
  return lines.map((line) => {
    const { from, to, isStart } = line
    const points = line.points.map(([x, y]): [number, number] => [x, y])
    if (isStart) points[0]![1] = outerEnd(from)
    if (to !== undefined) points.at(-1)![1] = boxes[to]!.y
    const elements = to === undefined ? largest[from]! : single.get(from * boxes.length + to)!
    return { ...line, points, elements }
  })
}

type Texts = Pick<PicturedBox, 'title' | 'text' | 'hasPart'>

function textsOf({ path, kind, inside, layers, times, shape }: DrawnBox): Texts {
  const name = nameWithin(path, inside.at(-1))
  const title = name.length > longest ? `…${name.slice(1 - longest)}` : name
  const shapeLine = shape === null ? 'shape not known' : shapeText(shape)
  if (kind === 'input' || kind === 'output') return { title, text: `${kind}, ${shapeLine}`, hasPart: false }
  const hasPart = layers.length > 1 || (layers[0]?.macs ?? 0) > 0
  return { title, text: `${holdsOf(layers, times)} → ${shapeLine}`, hasPart }
}

function holdsOf(layers: readonly Layer[], times: number): string {
  const [only] = layers
  if (layers.length === 1) return [only!.op, windowText(only!)].filter(Boolean).join(' ')
  return times > 1 ? `${times} × ${layers.length / times} layers` : `${layers.length} layers`
}

const sizeOf = ({ title, text, hasPart }: Texts) => ({
  width: Math.max(
    narrowest,
    Math.ceil(Math.max(title.length * letter.large, text.length * letter.small) + 2 * padding),
  ),
  height: (hasPart ? 3 : 2) * lineHeight + 10,
})
