// Experiments: claims about convolution without multiplication, each put to the test; their tables, charts, verdicts and pages.
// Not here: files and the terminal (cli/), other runtimes to compare with (cli/ hands them in).
// May import: every room of the core. Nothing but cli/ imports it.
export { experimentOf, experiments } from './catalogue.ts'
export { verdictOf } from './checks.ts'
export { generatedDigits } from './digits.ts'
export type { Check, Contender, Digits, Experiment, Findings, LabContext } from './experiment.ts'
export { proseText } from './formula-text.ts'
export { labHtml, proseHtml } from './lab-html.ts'
export { outcomeMarkdown } from './outcome-markdown.ts'
export {
  checksTable,
  experimentsTable,
  outcomeCharts,
  outcomeJson,
  outcomeReport,
  verdictText,
} from './outcome-report.ts'
export { type Outcome, runExperiment } from './run.ts'
