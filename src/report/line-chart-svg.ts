import { type Axes, axesOf, type LineChart, nameOf, thinned, titleOf } from './line-chart.ts'
import {
  at,
  type ChartBody,
  colourOf,
  dashes,
  dot,
  escaped,
  head,
  headHeight,
  type LegendEntry,
  roundOf,
  type SvgChartOptions,
  svgDocument,
  type Theme,
} from './svg-chart.ts'

const margin = { left: 64, right: 20, bottom: 44 }

/**
 * One SVG document with the charts below each other; white background, no scripts, no fonts of its own.
 * @param charts from top to bottom
 */
export function lineChartsSvg(charts: readonly LineChart[], options: SvgChartOptions = {}): string {
  return svgDocument(
    charts.map(lineChartBody),
    charts.map((c) => c.title),
    options,
  )
}

export const lineChartBody =
  (chart: LineChart): ChartBody =>
  (width, height, theme) => {
    const right = width - margin.right
    const title = titleOf(chart)
    const legend = chart.series.map(
      (series, i): LegendEntry => ({
        text: nameOf(series, chart.yFormat),
        colour: colourOf(theme, i),
        round: roundOf(theme, i),
        mark: series.mark ?? 'line',
      }),
    )
    const top = headHeight(title, legend, margin.left, right)
    const [w, h] = [right - margin.left, height - top - margin.bottom]
    const axes = axesOf(chart, { xTicks: Math.max(2, w / 70), yTicks: Math.max(2, h / 36) })
    const x = (value: number) => margin.left + ((value - axes.x.low) / (axes.x.high - axes.x.low)) * w
    const y = (value: number) => top + h - ((value - axes.y.low) / (axes.y.high - axes.y.low)) * h
    const bottom = top + h
    return [
      ...axes.y.ticks.map(
        (t) =>
          `<line x1="${margin.left}" x2="${right}" y1="${at(y(t.at))}" y2="${at(y(t.at))}" stroke="${theme.grid}"/>` +
          `<text x="${margin.left - 8}" y="${at(y(t.at) + 4)}" text-anchor="end">${t.label}</text>`,
      ),
      ...axes.x.ticks.map(
        (t) =>
          `<line x1="${at(x(t.at))}" x2="${at(x(t.at))}" y1="${bottom}" y2="${bottom + 5}" stroke="${theme.axis}"/>` +
          `<text x="${at(x(t.at))}" y="${bottom + 18}" text-anchor="middle">${t.label}</text>`,
      ),
      `<path d="M${margin.left} ${top}V${bottom}H${right}" fill="none" stroke="${theme.axis}"/>`,
      `<text x="${margin.left + w / 2}" y="${bottom + 36}" text-anchor="middle">${escaped(chart.xLabel)}</text>`,
      ...lines(chart, axes, theme, x, y),
      ...head(title, legend, margin.left, right),
    ].join('\n')
  }

function lines(
  chart: LineChart,
  axes: Axes,
  theme: Theme,
  x: (v: number) => number,
  y: (v: number) => number,
): string[] {
  return axes.lines.map((points, i) => {
    const colour = colourOf(theme, i)
    if (chart.series[i]?.mark === 'points')
      return thinned(points, 2000)
        .filter(([px]) => !Number.isNaN(px))
        .map(([px, py]) => dot(at(x(px)), at(y(py)), colour, roundOf(theme, i)))
        .join('')
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
    return `<path d="${path}" fill="none" stroke="${colour}" stroke-width="2" stroke-linejoin="round"${dashes(roundOf(theme, i))}/>`
  })
}
