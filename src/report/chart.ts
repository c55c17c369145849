import type { BarChart } from './bar-chart.ts'
import { barChartBody } from './bar-chart-svg.ts'
import { barChartText } from './bar-chart-terminal.ts'
import type { LineChart } from './line-chart.ts'
import { lineChartBody } from './line-chart-svg.ts'
import { lineChartText, type TerminalChartOptions } from './line-chart-terminal.ts'
import { type SvgChartOptions, svgDocument } from './svg-chart.ts'

/** Lines or bars. */
export type Chart = LineChart | BarChart

/**
 * One SVG document with the charts below each other; no scripts, no fonts of its own.
 * @param charts from top to bottom
 */
export function chartsSvg(charts: readonly Chart[], options: SvgChartOptions = {}): string {
  return svgDocument(
    charts.map((chart) => (chart.kind === 'bars' ? barChartBody(chart) : lineChartBody(chart))),
    charts.map((c) => c.title),
    options,
  )
}

/** A chart for terminals. */
export const chartText = (chart: Chart, options: TerminalChartOptions = {}): string =>
  chart.kind === 'bars' ? barChartText(chart, options) : lineChartText(chart, options)
