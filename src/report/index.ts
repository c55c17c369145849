// Plain data as text: tables for terminals, Markdown, CSV, JSON, HTML, LaTeX; line and bar charts for terminals and SVG; which tables a profile, a comparison, the formulas make.
// Not here: counting (cost/), files and terminals (cli/).
// May import: base, types of cost.
export type { BarChart } from './bar-chart.ts'
export { blockGraph } from './block-graph.ts'
export { type Block, blocksOf, blockTable } from './block-table.ts'
export { type CellStyle, cellText, isNumeric, plainCell } from './cell.ts'
export { type Chart, chartsSvg, chartText } from './chart.ts'
export * from './compare-many-report.ts'
export * from './compare-report.ts'
export * from './csv.ts'
export { fewImagesNotice } from './few-images.ts'
export * from './file-text.ts'
export * from './formula-curves-report.ts'
export { formulaCharts, formulaJson, formulaReport } from './formula-report.ts'
export { type Drawing, type DrawnArrow, type DrawnBox, type FoldOptions, graphDrawing } from './graph/drawing.ts'
export type { Fold } from './graph/fold.ts'
export { foldsOf } from './graph/folds.ts'
export type { Frame } from './graph/frames.ts'
export { type GraphColour, type GraphMeasure, type GraphSvgOptions, graphColours, graphSvg } from './graph/graph-svg.ts'
export {
  type BoxSize,
  type LayeredGaps,
  type LayeredLayout,
  type Line,
  layeredLayout,
  type PlacedBox,
} from './graph/layered.ts'
export {
  graphPicture,
  type Picture,
  type PicturedBox,
  type PicturedLine,
  type PictureOptions,
} from './graph/picture.ts'
export type { Arrow } from './graph/ranks.ts'
export * from './html.ts'
export * from './json.ts'
export * from './latex.ts'
export { type LayerColumn, pageColumns, sortableColumns } from './layer-columns.ts'
export { type LayerNames, layerNames, namesNote } from './layer-names.ts'
export type { LineChart, LineSeries } from './line-chart.ts'
export { lineChartsSvg } from './line-chart-svg.ts'
export { lineChartText, type TerminalChartOptions } from './line-chart-terminal.ts'
export * from './markdown.ts'
export * from './numbers.ts'
export * from './profile-report.ts'
export * from './sparkline.ts'
export type { SvgChartOptions } from './svg-chart.ts'
export * from './table.ts'
export * from './terminal.ts'
