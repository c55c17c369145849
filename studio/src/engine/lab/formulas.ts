import { evaluateFormulas, formulaCurves, formulas, Polynomial } from 'kerf/cost'
import {
  chartsSvg,
  type FileFormat,
  formulaCharts,
  formulaCurvesCharts,
  formulaJson,
  formulaReport,
  toCsv,
  toHtml,
  toJson,
  toMarkdown,
} from 'kerf/report'
import { textTable } from './text-table.ts'
import type { FormulaDesign, FormulaLetter, FormulaResult, FormulaWish } from './types.ts'

/** Of r. */
const parts = 16

/** Values that curves are drawn over, and how the command line says them. */
const ranges: Readonly<Record<FormulaLetter, { readonly points: readonly number[]; readonly text: string }>> = {
  H: { points: [7, 14, 28, 56, 112, 224], text: 'H=7..224' },
  W: { points: [7, 14, 28, 56, 112, 224], text: 'W=7..224' },
  C: { points: [8, 16, 32, 64, 128, 256, 512], text: 'C=8..512' },
  k: { points: [1, 3, 5, 7, 9, 11], text: 'k=1..11' },
  t: { points: [1, 2, 3, 4, 5, 6, 7, 8], text: 't=1..8' },
  g: { points: [1, 2, 4, 8, 16], text: 'g=1,2,4,8,16' },
  n: { points: [1, 2, 3, 4, 5, 6, 7, 8], text: 'n=1..8' },
  r: { points: [2, 4, 6, 8, 10, 12, 14, 16], text: 'r=1/8..1' },
}

/** All designs but the regular one, which the others are measured by. */
export const formulaDesigns = (): FormulaDesign[] =>
  formulas()
    .slice(1)
    .map(({ key, name }) => ({ key, name }))

const valuesOf = ({ sizes }: FormulaWish) => ({ ...sizes, r: Polynomial.constant(sizes.r).over(parts) })

function shownOf({ sizes }: FormulaWish): Record<string, string | number> {
  let [numerator, denominator] = [sizes.r, parts]
  while (denominator > 1 && numerator % 2 === 0) [numerator, denominator] = [numerator / 2, denominator / 2]
  return { ...sizes, r: denominator === 1 ? String(numerator) : `${numerator}/${denominator}` }
}

const rowsOf = ({ only }: FormulaWish) => formulas().filter(({ key }, i) => i === 0 || only.includes(key))

/** Numbers at the sizes, formulas, and curves along one of them. */
export function formulaResult(wish: FormulaWish): FormulaResult {
  const { along, only } = wish
  const [rows, values, shown] = [rowsOf(wish), valuesOf(wish), shownOf(wish)]
  const { tables } = formulaReport(rows, evaluateFormulas(rows, values), shown)
  const points = ranges[along].points.map((p) => (along === 'r' ? ([p, parts] as const) : p))
  const varied = along === 'H' ? ['H', 'W'] : [along]
  const held = Object.fromEntries(Object.entries(shown).filter(([letter]) => !varied.includes(letter)))
  const charts = formulaCurvesCharts(formulaCurves(rows, values, { letter: along, points }), held)
  return {
    // What they come to first, what they are behind.
    tables: [...tables.slice(-2), ...tables.slice(0, -2)].map(textTable),
    charts: chartsSvg(charts, { theme: 'page', width: 760, height: 320 }),
    command: [
      'kerf formulas',
      ...Object.entries(shown).map(([letter, value]) => `--${letter.toLowerCase()} ${value}`),
      `--only ${only.join(',') || 'regular'} --plot ${ranges[along].text}`,
    ].join(' '),
  }
}

/** The numbers as a file. */
export function formulaFile(wish: FormulaWish, format: FileFormat): string {
  const [rows, values, shown] = [rowsOf(wish), valuesOf(wish), shownOf(wish)]
  const numbers = evaluateFormulas(rows, values)
  const report = formulaReport(rows, numbers, shown)
  if (format === 'json') return toJson(formulaJson(rows, numbers, shown))
  if (format === 'csv') return toCsv(report.tables.at(-2)!)
  if (format === 'md') return toMarkdown(report)
  return toHtml(report, { figures: [chartsSvg(formulaCharts(numbers, shown), { theme: 'page', width: 900 })] })
}
