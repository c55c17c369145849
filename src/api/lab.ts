// `kerf/lab`: experiments – claims about convolution, each put to the test – and their tables, charts and pages.
// Not here: files and the terminal.
// May import: every room, through its index.

export {
  type Check,
  type Contender,
  checksTable,
  type Digits,
  type Experiment,
  experimentOf,
  experiments,
  experimentsTable,
  type Findings,
  generatedDigits,
  type LabContext,
  labHtml,
  type Outcome,
  outcomeCharts,
  outcomeJson,
  outcomeMarkdown,
  outcomeReport,
  proseHtml,
  proseText,
  runExperiment,
  verdictOf,
  verdictText,
} from '../lab/index.ts'
