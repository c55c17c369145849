import { escapeHtml } from './html.ts'

/*
 * What all charts in SVG share: the document, the colours, the legend.
 */

/** Size and colours. */
export interface SvgChartOptions {
  /** Stands above all charts. */
  readonly title?: string
  /** In pixels; 720 by default. */
  readonly width?: number
  /** Of each chart, in pixels; 240 by default. */
  readonly height?: number
  /**
   * 'light' (default) on white, for files; 'page' takes the colours of the HTML page that it is put into (html-style.ts), so that it is light
   * or dark as the page is.
   */
  readonly theme?: 'light' | 'page'
}

export interface Theme {
  readonly page: string
  readonly text: string
  readonly grid: string
  readonly axis: string
  readonly series: readonly string[]
}

// Okabe and Ito's colours, which people with any colour vision tell apart.
const okabeIto = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9']

const themes: Readonly<Record<'light' | 'page', Theme>> = {
  light: { page: '#fff', text: '#222', grid: '#ddd', axis: '#666', series: [...okabeIto, '#000000'] },
  page: {
    page: 'none',
    text: 'var(--text)',
    grid: 'var(--line)',
    axis: 'var(--faint)',
    series: [...okabeIto.map((colour, i) => `var(--series-${i + 1}, ${colour})`), 'var(--text)'],
  },
}

/** A chart's part of a document: the SVG elements of a picture of `width` × `height` pixels. */
export type ChartBody = (width: number, height: number, theme: Theme) => string

const titleHeight = 32

export const escaped = escapeHtml
export const at = (value: number): string => String(Math.round(value * 10) / 10)
export const colourOf = (theme: Theme, i: number): string => theme.series[i % theme.series.length]!

/**
 * One SVG document with the charts below each other; no scripts, no fonts of its own.
 * @param titles of the charts: with the document's own what a reader is told who does not see it
 */
export function svgDocument(charts: readonly ChartBody[], titles: readonly string[], options: SvgChartOptions): string {
  const { title, width = 720, height = 240 } = options
  const theme = themes[options.theme ?? 'light']
  const top = title === undefined ? 0 : titleHeight
  const total = top + charts.length * height
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${total}" viewBox="0 0 ${width} ${total}" font-family="system-ui, sans-serif" font-size="12" fill="${theme.text}" role="img">`,
    `<title>${escaped([...(title === undefined ? [] : [title]), ...titles].join('; '))}</title>`,
    `<rect width="${width}" height="${total}" fill="${theme.page}"/>`,
    ...(title === undefined
      ? []
      : [`<text x="${width / 2}" y="22" text-anchor="middle" font-size="16">${escaped(title)}</text>`]),
    ...charts.map(
      (chart, i) => `<g transform="translate(0 ${top + i * height})">\n${chart(width, height, theme)}\n</g>`,
    ),
    '</svg>\n',
  ].join('\n')
}

/** How often all colours were taken before that of series `i`: 0 for the first ones. */
export const roundOf = (theme: Theme, i: number): number => Math.floor(i / theme.series.length)

/** Lines of one colour are told apart by dashes: an attribute, empty for the first round. */
export const dashes = (round: number): string =>
  round === 0 ? '' : ` stroke-dasharray="${['7 4', '2 3', '10 3 2 3'][(round - 1) % 3]}"`

/** Points of one colour: full ones of the first round, rings of the others. */
export const dot = (x: string, y: string, colour: string, round: number): string =>
  `<circle cx="${x}" cy="${y}" r="3" ${round === 0 ? `fill="${colour}"` : `fill="none" stroke="${colour}" stroke-width="1.5"`}/>`

export interface LegendEntry {
  readonly text: string
  readonly colour: string
  /** As `roundOf` has it; 0 by default. */
  readonly round?: number
  readonly mark: 'line' | 'points' | 'bar'
}

/** Room for a text in a sans-serif of 12 pixels, generous. */
const legendWidth = (text: string): number => text.length * 6.6

/** Room for an entry with its mark. */
const entryWidth = ({ text }: LegendEntry): number => legendWidth(text) + 40

const rowWidth = (row: readonly LegendEntry[]): number => row.reduce((sum, e) => sum + entryWidth(e), 0)

/** As many entries to a row as fit. */
function legendRows(legend: readonly LegendEntry[], room: number): LegendEntry[][] {
  const rows: LegendEntry[][] = [[]]
  for (const entry of legend) {
    const row = rows.at(-1)!
    if (row.length === 0 || rowWidth([...row, entry]) <= room) row.push(entry)
    else rows.push([entry])
  }
  return rows
}

const rowHeight = 22

/** Where a chart's plot begins, in pixels from its top: the legend stands beside the title where both fit, else below it. */
export function headHeight(title: string, legend: readonly LegendEntry[], left: number, right: number): number {
  const beside = rowWidth(legend) + title.length * 7.2 <= right - left
  return 40 + (beside ? 0 : rowHeight * legendRows(legend, right - left).length)
}

/** Title and legend: rows that end on the right, each entry a mark of the series' colour and its text. */
export function head(title: string, legend: readonly LegendEntry[], left: number, right: number): string[] {
  const rows = legendRows(legend, right - left)
  const last = headHeight(title, legend, left, right) - 16
  return [
    `<text x="${left}" y="24" font-size="14">${escaped(title)}</text>`,
    ...rows.flatMap((row, r) => legendRow(row, right, last - rowHeight * (rows.length - 1 - r))),
  ]
}

function legendRow(row: readonly LegendEntry[], right: number, y: number): string[] {
  let end = right
  return [...row].reverse().map((entry) => {
    const { text, colour, mark, round = 0 } = entry
    const start = end - legendWidth(text)
    end -= entryWidth(entry)
    const sign =
      mark === 'points'
        ? dot(at(start - 16), String(y - 4), colour, round)
        : mark === 'bar'
          ? `<rect x="${at(start - 22)}" y="${y - 10}" width="12" height="12" fill="${colour}"/>`
          : `<line x1="${at(start - 26)}" x2="${at(start - 6)}" y1="${y - 4}" y2="${y - 4}" stroke="${colour}" stroke-width="3"${dashes(round)}/>`
    return `${sign}<text x="${at(start)}" y="${y}">${escaped(text)}</text>`
  })
}
