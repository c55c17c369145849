import type { Polynomial } from '../base/index.ts'
import type { Formula, FormulaMetric, FormulaNumbers } from '../cost/index.ts'
import type { BarChart } from './bar-chart.ts'
import type { Cell, Column, Report, RichCell, Table } from './table.ts'

export const metricHeaders: Readonly<Record<FormulaMetric, string>> = {
  adds: 'Additions',
  muls: 'Multiplications',
  macs: 'MACs',
  params: 'Parameters',
  accesses: 'Memory accesses',
}
const metrics = Object.keys(metricHeaders) as FormulaMetric[]

const nameColumn: Column = { key: 'name', header: 'Convolution' }

/**
 * The formulas, their ratios to regular convolution, and both as numbers.
 * @param rows of `formulas`
 * @param numbers of `evaluateFormulas`
 * @param values the sizes, as they are to be printed
 */
export function formulaReport(
  rows: readonly Formula[],
  numbers: readonly FormulaNumbers[],
  values: Readonly<Record<string, string | number>>,
): Report {
  const given = sizesText(values)
  const notes = numbers.flatMap((n) => n.note ?? [])
  return {
    title: 'What kinds of convolution cost',
    facts: [
      ['Layer', 'output H×W, kernel k×k, stride 1, no bias, batch 1'],
      [
        'Letters',
        't expansion of the hidden width; g groups; n branches; r share of the channels: convolved, or the rank',
      ],
    ],
    tables: [
      {
        title: 'What they are',
        columns: [nameColumn, { key: 'structure', header: 'Layers' }],
        rows: rows.map((f) => [f.name, f.structure]),
      },
      symbolic('Arithmetic', rows, ['adds', 'muls', 'macs'], (f, m) => formulaCell(f.costs[m])),
      symbolic('Parameters and memory accesses', rows, ['params', 'accesses'], (f, m) => formulaCell(f.costs[m])),
      symbolic('Arithmetic, ÷ regular', rows, ['adds', 'muls', 'macs'], ratioCell),
      symbolic('Parameters and memory accesses, ÷ regular', rows, ['params', 'accesses'], ratioCell),
      {
        ...numeric(`For ${given}`, 'count', numbers, (n, m) => (n.costs ? n.costs[m] : '–')),
        notes,
      },
      numeric(`For ${given}, ÷ regular`, 'ratio', numbers, (n, m) => (n.ratios ? (n.ratios[m] ?? '–') : '–')),
    ],
  }
}

/** `C = 96, k = 3` */
export const sizesText = (values: Readonly<Record<string, string | number>>): string =>
  Object.entries(values)
    .map(([letter, value]) => `${letter} = ${value}`)
    .join(', ')

/**
 * The numbers as bars, a chart per metric, on a logarithmic scale; what costs nothing has none.
 * @param numbers of `evaluateFormulas`
 * @param values the sizes, as they are to be printed
 */
export function formulaCharts(
  numbers: readonly FormulaNumbers[],
  values: Readonly<Record<string, string | number>>,
): BarChart[] {
  const shown = numbers.filter((n) => n.costs)
  return metrics.map((m) => ({
    kind: 'bars',
    title: `${metricHeaders[m]} (logarithmic), ${sizesText(values)}`,
    categories: shown.map((n) => n.formula.name),
    series: [{ name: metricHeaders[m], values: shown.map((n) => n.costs?.[m] ?? Number.NaN) }],
    scale: 'log',
  }))
}

function symbolic(
  title: string,
  rows: readonly Formula[],
  shown: readonly FormulaMetric[],
  cell: (f: Formula, m: FormulaMetric) => Cell,
): Table {
  return {
    title,
    columns: [nameColumn, ...shown.map((m): Column => ({ key: m, header: metricHeaders[m] }))],
    rows: rows.map((f) => [f.name, ...shown.map((m) => cell(f, m))]),
  }
}

function numeric(
  title: string,
  kind: 'count' | 'ratio',
  numbers: readonly FormulaNumbers[],
  cell: (n: FormulaNumbers, m: FormulaMetric) => Cell,
): Table {
  return {
    title,
    columns: [nameColumn, ...metrics.map((m): Column => ({ key: m, header: metricHeaders[m], kind }))],
    rows: numbers.map((n) => [n.formula.name, ...metrics.map((m) => cell(n, m))]),
  }
}

const formulaCell = (p: Polynomial): RichCell => ({ text: p.toShortString(), latex: p.toLatex() })

const isOne = (p: Polynomial): boolean => p.toString() === '1'

function ratioCell(formula: Formula, metric: FormulaMetric): Cell {
  const ratio = formula.ratios[metric]
  if (!ratio) return '–'
  if (isOne(ratio.denominator)) return formulaCell(ratio.numerator)
  return {
    text: `(${ratio.numerator.toShortString()}) / (${ratio.denominator.toShortString()})`,
    latex: `\\frac{${ratio.numerator.toLatex()}}{${ratio.denominator.toLatex()}}`,
  }
}

/**
 * The same for programs: every formula as text with dots (`2·H·W·C`), as LaTeX, and as a number.
 * @param rows of `formulas`
 * @param numbers of `evaluateFormulas`
 * @param values the sizes, as they are to be printed
 */
export function formulaJson(
  rows: readonly Formula[],
  numbers: readonly FormulaNumbers[],
  values: Readonly<Record<string, string | number>>,
): unknown {
  const ratioText = (f: Formula, m: FormulaMetric) => {
    const ratio = f.ratios[m]
    if (!ratio) return null
    return isOne(ratio.denominator) ? String(ratio.numerator) : `(${ratio.numerator})/(${ratio.denominator})`
  }
  return {
    values,
    formulas: rows.map((f, i) => ({
      key: f.key,
      name: f.name,
      structure: f.structure,
      ...Object.fromEntries(
        metrics.map((m) => [
          m,
          {
            formula: String(f.costs[m]),
            latex: f.costs[m].toLatex(),
            value: numbers[i]?.costs?.[m] ?? null,
            ratio: ratioText(f, m),
            ratioValue: numbers[i]?.ratios?.[m] ?? null,
          },
        ]),
      ),
      ...(numbers[i]?.note ? { note: numbers[i].note } : {}),
    })),
  }
}
