import type { Layer, Profile } from '../../cost/index.ts'
import { accessesOf } from '../layer-columns.ts'
import { human } from '../numbers.ts'
import { at, escaped } from '../svg-chart.ts'
import type { FoldOptions } from './drawing.ts'
import type { Frame } from './frames.ts'
import type { Line } from './layered.ts'
import { graphPicture, type PicturedBox } from './picture.ts'

/** What boxes of a network's picture can be coloured by. */
export const graphColours = ['macs', 'params', 'accesses'] as const

/** One of `graphColours`. */
export type GraphColour = (typeof graphColours)[number]

/** What boxes can be coloured by besides: what was measured, say. */
export interface GraphMeasure {
  /** As part of a sentence: `MACs`. */
  readonly title: string
  /** Of its sums; by default they are counts. */
  readonly unit?: string
  /** Of a layer; null where it is not known. */
  readonly of: (layer: Layer) => number | null
  /** Of what it is a part, of a layer: boxes tell their own part. By default they tell their part of all boxes' sum. */
  readonly outOf?: (layer: Layer) => number | null
}

const measures: Readonly<Record<GraphColour, GraphMeasure>> = {
  macs: { title: 'MACs', of: (l) => l.macs },
  params: { title: 'parameters', of: (l) => l.params },
  accesses: { title: 'memory accesses', of: accessesOf },
}

/** How a network is drawn. */
export interface GraphSvgOptions extends FoldOptions {
  /** Of what the colours tell the parts. Default `macs`. */
  readonly colour?: GraphColour | GraphMeasure
}

const lineHeight = 16
const margin = 24

/** From nothing to everything: lightness falls evenly, so that it can be read in grey, too. */
const shades = [
  [255, 255, 255],
  [214, 230, 244],
  [150, 195, 224],
  [74, 142, 194],
  [23, 81, 145],
] as const

/**
 * The graph of a network as an SVG document: a box for each layer or closed block, coloured by its part of the whole, arrows as thick as what goes along them is large.
 * @param profile what the network costs, its layers not fused
 * @param options which blocks are closed, and what is coloured
 */
export function graphSvg(profile: Pick<Profile, 'model' | 'layers' | 'inputs'>, options: GraphSvgOptions = {}): string {
  const { colour = 'macs' } = options
  const { title, unit, of, outOf } = typeof colour === 'string' ? measures[colour] : colour
  const { boxes, lines, frames, ...size } = graphPicture(profile, options)
  const sumsOf = (each: GraphMeasure['of']) => boxes.map(({ layers }) => layers.reduce((s, l) => s + (each(l) ?? 0), 0))
  const sums = sumsOf(of)
  const whole = sums.reduce((a, b) => a + b, 0)
  const wholes = outOf && sumsOf(outOf)
  const parts = sums.map((sum, i) => (sum === 0 ? 0 : sum / (wholes ? wholes[i]! : whole)))
  const most = parts.reduce((a, b) => Math.max(a, b), 0)
  const largest = lines.reduce((most, { elements }) => Math.max(most, elements), 0)
  const top = margin + 44
  const width = Math.max(size.width, 440) + 2 * margin
  const height = size.height + top + margin
  const left = (width - size.width) / 2
  const name = profile.model.split(/[\\/]/).at(-1)!
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${at(width)}" height="${at(height)}" viewBox="0 0 ${at(width)} ${at(height)}" font-family="system-ui, sans-serif" font-size="12" fill="#222" role="img">`,
    `<title>${escaped(`${name}, coloured by ${title}`)}</title>`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    ...legend(
      name,
      most > 0 ? `0 to ${percent(most)} of ${outOf ? 'a box’s own' : human(whole)} ${title}` : `no ${title}`,
    ),
    `<g transform="translate(${at(left)} ${top})">`,
    ...frames.map(frameSvg),
    ...lines.map((line) => lineSvg(line, thickness(line.elements, largest))),
    ...boxes.map((box, i) => boxSvg(box, sums[i]!, parts[i]!, most, unit)),
    '</g>',
    '</svg>\n',
  ].join('\n')
}

const percent = (part: number): string => `${(100 * part).toFixed(1)} %`

/** Around what an opened block holds; every second one is darker. */
function frameSvg({ x, y, width, height, name, depth }: Frame): string {
  const place = `x="${at(x)}" y="${at(y)}" width="${at(width)}" height="${at(height)}"`
  return `<rect ${place} rx="10" fill="${depth % 2 === 0 ? '#f4f6f8' : '#e9edf1'}" stroke="#d5dbe1"/><text x="${at(x + 10)}" y="${at(y + 13)}" font-size="10" fill="#57606a">${escaped(name)}</text>`
}

function boxSvg(box: PicturedBox, sum: number, own: number, most: number, unit?: string): string {
  const { kind, layers, name, x, y, width, height, title, text, hasPart } = box
  const part = most > 0 ? own / most : 0
  const isEnd = kind === 'input' || kind === 'output'
  const [r, g, b] = shadeOf(part)
  const ink = part > 0.45 ? '#fff' : '#222'
  const middle = at(x + width / 2)
  const corner = isEnd ? height / 2 : kind === 'block' ? 8 : 3
  const hint = [name, ...layers.slice(0, 40).map((l) => `${l.op} ${l.name}`)].join('\n')
  const lines = [
    text,
    ...(hasPart && sum > 0
      ? [`${percent(own)} · ${unit === undefined ? human(sum) : `${Number(sum.toPrecision(3))} ${unit}`}`]
      : []),
  ]
  const first = y + (height - lines.length * lineHeight) / 2 + 3
  const rect = (dx: number) =>
    `<rect x="${at(x + dx)}" y="${at(y + dx)}" width="${at(width)}" height="${at(height)}" rx="${corner}" fill="rgb(${r} ${g} ${b})" stroke="#5b6570"/>`
  return [
    `<g><title>${escaped(hint)}</title>`,
    // A second box behind it says that there is more inside.
    ...(kind === 'block' ? [rect(4)] : []),
    rect(0),
    `<text x="${middle}" y="${at(first)}" text-anchor="middle" font-weight="600" fill="${ink}">${escaped(title)}</text>`,
    ...lines.map(
      (line, i) =>
        `<text x="${middle}" y="${at(first + (i + 1) * lineHeight)}" text-anchor="middle" font-size="11" fill="${ink}">${escaped(line)}</text>`,
    ),
    '</g>',
  ].join('')
}

/** Lines part and meet straight up and down; what ends has a head. */
function lineSvg({ points, to }: Line, width: number): string {
  const [[x1, y1], [x2, y2], ...rest] = points as [[number, number], [number, number], ...[number, number][]]
  const end = to === undefined ? y2 : y2 - 5
  const half = (y1 + end) / 2
  const bend = x1 === x2 ? `V${at(end)}` : `C${at(x1)} ${at(half)} ${at(x2)} ${at(half)} ${at(x2)} ${at(end)}`
  const on = rest.map(([, y]) => `V${at(y)}`).join('')
  const head = to === undefined ? '' : `<path d="M${at(x2 - 4)} ${at(y2 - 7)}h8l-4 7z" fill="#8a949e"/>`
  return `<path d="M${at(x1)} ${at(y1)}${bend}${on}" fill="none" stroke="#a9b2ba" stroke-width="${at(width)}"/>${head}`
}

/** From 1 to 6 pixels, by the square root of the size. */
const thickness = (elements: number, largest: number): number =>
  largest > 0 ? 1 + 5 * Math.sqrt(elements / largest) : 1

function shadeOf(part: number): number[] {
  // Parts differ by powers of ten: their square root is shown.
  const place = Math.sqrt(Math.min(1, Math.max(0, part))) * (shades.length - 1)
  const below = Math.min(shades.length - 2, Math.floor(place))
  return [0, 1, 2].map((c) =>
    Math.round(shades[below]![c]! + (place - below) * (shades[below + 1]![c]! - shades[below]![c]!)),
  )
}

function legend(name: string, says: string): string[] {
  const steps = 40
  const bar = Array.from({ length: steps }, (_, i) => {
    const [r, g, b] = shadeOf((i / (steps - 1)) ** 2)
    return `<rect x="${margin + i * 3}" y="36" width="3" height="9" fill="rgb(${r} ${g} ${b})"/>`
  })
  const end = margin + steps * 3
  return [
    `<text x="${margin}" y="24" font-size="14" font-weight="600">${escaped(name)}</text>`,
    ...bar,
    `<rect x="${margin}" y="36" width="${steps * 3}" height="9" fill="none" stroke="#5b6570"/>`,
    `<text x="${end + 8}" y="45" font-size="11">${escaped(says)}; arrows: size of what goes along</text>`,
  ]
}
