// Plain data as text: tables for terminals, Markdown, CSV, JSON, HTML, LaTeX; line charts for terminals and SVG; which tables a profile, a comparison, the formulas make.
// Not here: counting (cost/), files and terminals (cli/).
// May import: base, types of cost.
export * from './compare-report.ts'
export * from './csv.ts'
export * from './formula-report.ts'
export * from './html.ts'
export * from './json.ts'
export * from './latex.ts'
export type { LineChart, LineSeries } from './line-chart.ts'
export { lineChartsSvg, type SvgChartOptions } from './line-chart-svg.ts'
export { lineChartText, type TerminalChartOptions } from './line-chart-terminal.ts'
export * from './markdown.ts'
export * from './numbers.ts'
export * from './profile-report.ts'
export * from './sparkline.ts'
export * from './table.ts'
export * from './terminal.ts'
