// `kerf/report`: what was counted and measured, as tables and charts for terminals, Markdown, CSV, JSON, HTML, LaTeX and SVG.
// Not here: counting (cost.ts), files.
// May import: every room, through its index.

// Reports and tables

export {
  type Cell,
  type Column,
  type HtmlOptions,
  type PartialNumber,
  type Report,
  type RichCell,
  type Table,
  type TerminalOptions,
  toCsv,
  toHtml,
  toJson,
  toLatex,
  toMarkdown,
  toTerminal,
} from '../report/index.ts'

// Of profiles, comparisons and formulas

export {
  blockGraph,
  blocksJson,
  blocksOf,
  blockTable,
  type CompareManyOptions,
  type CompareReportOptions,
  compareLayersTable,
  compareManyReport,
  compareManyTable,
  compareReport,
  compareTotalsTable,
  formulaCharts,
  formulaJson,
  formulaReport,
  type LayerColumn,
  layerColumnKeys,
  type ProfileReportOptions,
  profileCsvTable,
  profileReport,
  profileTable,
  unsupportedTable,
} from '../report/index.ts'

// Charts

export {
  type BarChart,
  type Chart,
  chartsSvg,
  chartText,
  type LineChart,
  type LineSeries,
  lineChartsSvg,
  lineChartText,
  type SvgChartOptions,
  sparkline,
  type TerminalChartOptions,
} from '../report/index.ts'

// Numbers

export { human, ratioText, shapeText, shortNumber, withSeparators } from '../report/index.ts'
