import type { FormulaCurves, FormulaMetric } from '../cost/index.ts'
import { metricHeaders, sizesText } from './formula-report.ts'
import type { LineChart } from './line-chart.ts'
import type { Cell, Column, Report, Table } from './table.ts'

/** The three metrics that designs are compared by; additions and multiplications follow the MACs. */
const drawn = ['macs', 'params', 'accesses'] as const satisfies readonly FormulaMetric[]

/** As many numbers as stand beside a name on 80 columns. */
const mostColumns = 8

/** `8`; `0.375` as `3/8`. */
function pointText(value: number): string {
  const denominator = Array.from({ length: 64 }, (_, i) => i + 1).find(
    (d) => Math.abs(value * d - Math.round(value * d)) < 1e-9,
  )
  return denominator === undefined || denominator === 1
    ? String(value)
    : `${Math.round(value * denominator)}/${denominator}`
}

/**
 * Curves over one size as tables, ÷ regular at a few of its values.
 * @param curves of `formulaCurves`
 * @param values the sizes that are held, as they are to be printed
 */
export function formulaCurvesReport(curves: FormulaCurves, values: Readonly<Record<string, string | number>>): Report {
  const step = Math.ceil(curves.points.length / mostColumns)
  // From the last one backwards: both ends are of interest, the last one most.
  const shown = curves.points.flatMap((_, i) => ((curves.points.length - 1 - i) % step === 0 ? [i] : []))
  const missing = curves.curves.some((c) => shown.some((i) => c.costs[i] === null))
  const table = (metric: FormulaMetric): Table => ({
    title: `${metricHeaders[metric]}, ÷ regular, by ${curves.letter}`,
    columns: [
      { key: 'name', header: 'Convolution' },
      ...shown.map((i): Column => {
        const text = pointText(curves.points[i]!)
        return { key: text, header: text, kind: 'ratio' }
      }),
    ],
    rows: curves.curves.map(({ formula, ratios }) => [
      formula.name,
      ...shown.map((i): Cell => {
        const ratio = ratios[i]?.[metric]
        return ratio === undefined || ratio === null ? '–' : Number(ratio.toPrecision(3))
      }),
    ]),
  })
  return {
    title: `What kinds of convolution cost, over ${curves.letter}`,
    facts: [['Sizes', sizesText(values)]],
    tables: drawn.map(table),
    notes: missing ? ['–: a width does not come out whole.'] : [],
  }
}

/**
 * The same as charts: each metric as a number and ÷ regular, on logarithmic axes.
 * @param curves of `formulaCurves`
 * @param values the sizes that are held, as they are to be printed
 */
export function formulaCurvesCharts(
  { letter, points, curves }: FormulaCurves,
  values: Readonly<Record<string, string | number>>,
): LineChart[] {
  const chart = (
    title: string,
    pick: (curve: FormulaCurves['curves'][number], i: number) => number | null | undefined,
  ) => ({
    title,
    xLabel: `${letter}, with ${sizesText(values)}`,
    xScale: 'log' as const,
    yScale: 'log' as const,
    series: curves.map((curve) => ({
      name: curve.formula.name,
      points: points.map((x, i): [number, number] => [x, pick(curve, i) ?? Number.NaN]),
    })),
  })
  return drawn.flatMap((m) => [
    chart(metricHeaders[m], (curve, i) => curve.costs[i]?.[m]),
    chart(`${metricHeaders[m]}, ÷ regular`, (curve, i) => curve.ratios[i]?.[m]),
  ])
}

/** The same for programs. */
export function formulaCurvesJson(
  { letter, points, curves }: FormulaCurves,
  values: Readonly<Record<string, string | number>>,
): unknown {
  return {
    values,
    letter,
    points,
    formulas: curves.map(({ formula: { key, name }, costs, ratios }) => ({ key, name, costs, ratios })),
  }
}
