// `kerf/report`: what was counted and measured, as tables and charts for terminals, Markdown, CSV, JSON, HTML, LaTeX and SVG.
// Not here: counting (cost.ts), files.
// May import: every room, through its index.

// Reports and tables

export {
  type Cell,
  type CellStyle,
  type Column,
  cellText,
  type HtmlOptions,
  isNumeric,
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
  type Block,
  blockGraph,
  blocksOf,
  blockTable,
  type CompareManyOptions,
  type CompareReportOptions,
  compareManyReport,
  compareReport,
  comparisonFileText,
  type FileFormat,
  formulaCharts,
  formulaCurvesCharts,
  formulaCurvesReport,
  formulaJson,
  formulaReport,
  type LayerColumn,
  type ProfileReportOptions,
  profileCsvTable,
  profileFileText,
  profileReport,
  profileTable,
} from '../report/index.ts'

// A network as a picture

export {
  type Arrow,
  type BoxSize,
  type Drawing,
  type DrawnArrow,
  type DrawnBox,
  type Fold,
  type FoldOptions,
  type Frame,
  foldsOf,
  type GraphColour,
  type GraphMeasure,
  type GraphSvgOptions,
  graphColours,
  graphDrawing,
  graphPicture,
  graphSvg,
  type LayeredGaps,
  type LayeredLayout,
  type Line,
  layeredLayout,
  type Picture,
  type PicturedBox,
  type PicturedLine,
  type PictureOptions,
  type PlacedBox,
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

export { human, shapeText, shortNumber } from '../report/index.ts'
