import type { Layer, Profile } from '../cost/index.ts'
import { arrowsOf, boxFor } from './graph/drawing.ts'
import { foldsOf, type ShownFold, shownWithin } from './graph/folds.ts'
import { accessesOf } from './layer-columns.ts'
import { human, shapeText } from './numbers.ts'
import { at, type ChartBody, colourOf, escaped, svgDocument, type Theme } from './svg-chart.ts'

/*
 * The blocks of a network as a graph from top to bottom: a box per block with what it holds and makes, arrows where its values go – to the next block
 * down its middle, past others in arcs on its left –, and beside it its parts of the network's MACs, parameters and memory accesses as bars.
 */

/** No more boxes than this, unless the names of the layers have no blocks. */
const mostBoxes = 48
/** A graph of more boxes than this cannot be read. */
const unreadable = 64
const rowHeight = 34
const boxHeight = 26
const top = 46
const box = { left: 110, width: 470 }
const bars = { left: 610, width: 170, gap: 10 }

const measures = [
  ['MACs', (l: Layer) => l.macs],
  ['Parameters', (l: Layer) => l.params],
  ['Memory accesses', accessesOf],
] as const

/**
 * An SVG in the colours of the page that it is put into; '' where there are fewer than two blocks, or too many to be read.
 * @param profile its layers
 */
export function blockGraph(profile: Pick<Profile, 'layers'>): string {
  const { layers } = profile
  const blocks = shownWithin(foldsOf(layers), mostBoxes)
  if (blocks.length < 2 || blocks.length > unreadable) return ''
  const title = 'Blocks, and their parts of the whole'
  const height = top + blocks.length * rowHeight + 8
  const width = bars.left + measures.length * (bars.width + bars.gap)
  return svgDocument([graphBody(blocks)], [title], { theme: 'page', width, height })
}

const graphBody =
  (blocks: readonly ShownFold[]): ChartBody =>
  (_width, _height, theme) =>
    [
      ...measures.map(
        ([name], m) => `<text x="${barLeft(m)}" y="${top - 14}" fill="${theme.axis}">${escaped(name)}</text>`,
      ),
      ...arrowsOf(blocks.map(boxFor)).map(({ from, to }) => link(from, to, theme)),
      ...blocks.map((block, i) => boxOf(block, i, theme)),
      ...measures.flatMap(([, of], m) => barsOf(blocks, of, m, theme)),
    ].join('\n')

const barLeft = (m: number): number => bars.left + m * (bars.width + bars.gap)
const middle = (i: number): number => top + i * rowHeight + boxHeight / 2

function boxOf(block: ShownFold, i: number, theme: Theme): string {
  const y = top + i * rowHeight
  const [only] = block.layers
  const holds = block.layers.length === 1 ? (only?.op ?? '') : `${block.layers.length} layers`
  const shape = block.layers.at(-1)?.outputs[0]?.shape ?? null
  const line = y + boxHeight / 2 + 4
  return [
    `<rect x="${box.left}" y="${y}" width="${box.width}" height="${boxHeight}" rx="5" fill="none" stroke="${theme.axis}"/>`,
    `<text x="${box.left + 10}" y="${line}" font-weight="600">${escaped(block.path.replaceAll('/', '.'))}</text>`,
    `<text x="${box.left + box.width - 140}" y="${line}" text-anchor="end" fill="${theme.axis}">${escaped(holds)}</text>`,
    `<text x="${box.left + box.width - 10}" y="${line}" text-anchor="end">${escaped(shapeText(shape))}</text>`,
  ].join('')
}

/** A bar per block, the longest for the largest. */
function barsOf(blocks: readonly ShownFold[], of: (layer: Layer) => number | null, m: number, theme: Theme): string[] {
  const sums = blocks.map((b) => b.layers.reduce((sum, l) => sum + (of(l) ?? 0), 0))
  const whole = sums.reduce((a, b) => a + b, 0)
  const largest = Math.max(...sums)
  const left = barLeft(m)
  return sums.map((part, i) => {
    const length = largest === 0 ? 0 : (part / largest) * (bars.width - 105)
    const text = part === 0 ? '0' : `${((100 * part) / whole).toFixed(1)} % · ${human(part)}`
    return [
      `<rect x="${left}" y="${at(middle(i) - 7)}" width="${at(length)}" height="14" rx="2" fill="${colourOf(theme, m)}"/>`,
      `<text x="${at(left + length + 6)}" y="${at(middle(i) + 4)}" font-size="11">${escaped(text)}</text>`,
    ].join('')
  })
}

/** An arrow down to the next box, or an arc past others. */
function link(from: number, to: number, theme: Theme): string {
  const stroke = `fill="none" stroke="${theme.axis}"`
  if (to === from + 1) {
    const x = box.left + box.width / 2
    const [y1, y2] = [middle(from) + boxHeight / 2, middle(to) - boxHeight / 2]
    return `<path d="M${x} ${y1}V${y2 - 1}m-3 -3l3 3l3 -3" ${stroke}/>`
  }
  const reach = Math.min(95, 18 + 9 * Math.abs(to - from))
  const [y1, y2] = [middle(from) + 4, middle(to) - 4]
  const x = box.left
  return `<path d="M${x} ${y1}C${x - reach} ${y1} ${x - reach} ${y2} ${x - 1} ${y2}m-4 -3l4 3l-4 3" ${stroke}/>`
}
