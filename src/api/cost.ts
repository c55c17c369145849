// `kerf/cost`: what networks cost, in numbers of each layer and as formulas of a design.
// Not here: tables and pages of it (report.ts), measured time (runtime.ts).
// May import: every room, through its index.

// Counting

export type {
  Counts,
  Layer,
  LayerKind,
  LeftOut,
  NamedShape,
  Note,
  Profile,
  ProfileOptions,
  TotalCounts,
  Totals,
  Unsupported,
} from '../cost/index.ts'
export type { SlidingWindow, Window } from '../ops/index.ts'
export { profileModel } from '../workflow/index.ts'

// Comparing

export {
  type AlignedLayers,
  type ComparedLayer,
  type ComparedWeights,
  type Comparison,
  compareMany,
  compareProfiles,
  compareTotals,
  type ManyComparison,
  type Pair,
  type Series,
} from '../cost/index.ts'

// Formulas of a layer, with its sizes

export { type LayerFormula, layerFormulas } from '../cost/index.ts'

// Formulas of kinds of convolution

export { type Operand, Polynomial, type Term, variable } from '../base/index.ts'
export {
  evaluateFormulas,
  type Formula,
  type FormulaCurves,
  type FormulaMetric,
  type FormulaNumbers,
  type FormulaOptions,
  type FormulaRange,
  type FormulaValues,
  formulaCurves,
  formulaMetrics,
  formulas,
  type RationalFunction,
} from '../cost/index.ts'
