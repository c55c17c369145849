import { type Axes, axesOf, type LineChart, shortNumber, thinned } from './line-chart.ts'

export interface SvgChartOptions {
  /** Stands above all charts. */
  readonly title?: string
  /** In pixels; 720 by default. */
  readonly width?: number
  /** Of each chart, in pixels; 240 by default. */
  readonly height?: number
}

// Okabe and Ito's colours, which people with any colour vision tell apart.
const colours = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000']
const margin = { left: 64, right: 20, top: 40, bottom: 44 }
const titleHeight = 32

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
const at = (value: number) => String(Math.round(value * 10) / 10)

/** One SVG document with the charts below each other; white background, no scripts, no fonts of its own. */
export function lineChartsSvg(charts: readonly LineChart[], options: SvgChartOptions = {}): string {
  const { title, width = 720, height = 240 } = options
  const top = title === undefined ? 0 : titleHeight
  const total = top + charts.length * height
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${total}" viewBox="0 0 ${width} ${total}" font-family="system-ui, sans-serif" font-size="12" fill="#222">`,
    `<rect width="${width}" height="${total}" fill="#fff"/>`,
    ...(title === undefined
      ? []
      : [`<text x="${width / 2}" y="22" text-anchor="middle" font-size="16">${escaped(title)}</text>`]),
    ...charts.map(
      (chart, i) => `<g transform="translate(0 ${top + i * height})">\n${chartSvg(chart, width, height)}\n</g>`,
    ),
    '</svg>\n',
  ].join('\n')
}

function chartSvg(chart: LineChart, width: number, height: number): string {
  const [w, h] = [width - margin.left - margin.right, height - margin.top - margin.bottom]
  const axes = axesOf(chart, { xTicks: Math.max(2, w / 70), yTicks: Math.max(2, h / 36) })
  const x = (value: number) => margin.left + ((value - axes.x.low) / (axes.x.high - axes.x.low)) * w
  const y = (value: number) => margin.top + h - ((value - axes.y.low) / (axes.y.high - axes.y.low)) * h
  const bottom = margin.top + h
  return [
    ...axes.y.ticks.map(
      (t) =>
        `<line x1="${margin.left}" x2="${margin.left + w}" y1="${at(y(t.at))}" y2="${at(y(t.at))}" stroke="#ddd"/>` +
        `<text x="${margin.left - 8}" y="${at(y(t.at) + 4)}" text-anchor="end">${t.label}</text>`,
    ),
    ...axes.x.ticks.map(
      (t) =>
        `<line x1="${at(x(t.at))}" x2="${at(x(t.at))}" y1="${bottom}" y2="${bottom + 5}" stroke="#666"/>` +
        `<text x="${at(x(t.at))}" y="${bottom + 18}" text-anchor="middle">${t.label}</text>`,
    ),
    `<path d="M${margin.left} ${margin.top}V${bottom}H${margin.left + w}" fill="none" stroke="#666"/>`,
    `<text x="${margin.left + w / 2}" y="${bottom + 36}" text-anchor="middle">${escaped(chart.xLabel)}</text>`,
    `<text x="${margin.left}" y="24" font-size="14">${escaped(chart.title)}</text>`,
    ...lines(axes, x, y),
    ...legend(chart, margin.left + w),
  ].join('\n')
}

function lines(axes: Axes, x: (v: number) => number, y: (v: number) => number): string[] {
  return axes.lines.map((points, i) => {
    const colour = colours[i % colours.length]
    let [path, pen] = ['', 'M']
    let drawn = 0
    let last = ''
    for (const [px, py] of thinned(points, 1000)) {
      if (Number.isNaN(px)) {
        pen = 'M'
        continue
      }
      last = `${at(x(px))} ${at(y(py))}`
      path += `${pen}${last}`
      pen = 'L'
      drawn++
    }
    if (drawn === 1) {
      const [cx, cy] = last.split(' ')
      return `<circle cx="${cx}" cy="${cy}" r="3" fill="${colour}"/>`
    }
    return `<path d="${path}" fill="none" stroke="${colour}" stroke-width="2" stroke-linejoin="round"/>`
  })
}

/** From right to left above the plot: a dash of the line's colour, its name and last value. */
function legend(chart: LineChart, right: number): string[] {
  let end = right
  return chart.series
    .map((series, i) => ({ series, colour: colours[i % colours.length] }))
    .reverse()
    .map(({ series, colour }) => {
      const value = series.points.findLast(([, y]) => Number.isFinite(y))?.[1]
      const text = value === undefined ? series.name : `${series.name} ${valueText(chart, value)}`
      // Room for a sans-serif of 12 pixels, generous.
      const start = end - text.length * 6.6
      end = start - 40
      return (
        `<line x1="${at(start - 26)}" x2="${at(start - 6)}" y1="20" y2="20" stroke="${colour}" stroke-width="3"/>` +
        `<text x="${at(start)}" y="24">${escaped(text)}</text>`
      )
    })
}

/** A value of a chart as its legend prints it. */
export const valueText = (chart: LineChart, value: number): string =>
  chart.yFormat === 'percent' ? `${Number((value * 100).toPrecision(4))}%` : shortNumber(value)
