import { valueText } from './numbers.ts'

/** Bars in groups: one group per category, in it one bar per series. */
export interface BarChart {
  readonly kind: 'bars'
  /** Above the chart. */
  readonly title: string
  /** Names of the groups. */
  readonly categories: readonly string[]
  /** What each group has a bar of. */
  readonly series: readonly {
    /** In the legend. */
    readonly name: string
    /** One per category; what is not finite has no bar. */
    readonly values: readonly number[]
  }[]
  /** 'linear' by default, bars from 0; 'log' (base 10): bars from the power of ten below the lowest value, none where one is not positive. */
  readonly scale?: 'linear' | 'log'
  /** As `LineChart.yFormat`. */
  readonly format?: 'number' | 'percent'
}

/** Where bars begin and end on a scale, in parts of its length (0 to 1). */
export interface BarScale {
  /** Where bars begin: 0, unless values are negative. */
  readonly zero: number
  /** Undefined where there is no bar. */
  readonly place: (value: number) => number | undefined
  /** Of a log scale, whose bars' lengths say nothing without one: its powers of ten, at most about ten of them. Empty on a linear scale. */
  readonly ticks: readonly { readonly place: number; readonly label: string }[]
}

export function barScale(chart: BarChart): BarScale {
  const log = chart.scale === 'log'
  const all = chart.series.flatMap((s) => s.values).filter((v) => Number.isFinite(v) && (!log || v > 0))
  const scaled = (v: number) => (log ? Math.log10(v) : v)
  const values = all.map(scaled)
  const low = log
    ? Math.floor(values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY) - 1e-9)
    : values.reduce((a, b) => Math.min(a, b), 0)
  const high = values.reduce((a, b) => Math.max(a, b), log ? low : 0)
  const range = high > low ? high - low : 1
  const step = Math.ceil(range / 10)
  const powers =
    log && values.length > 0 ? Array.from({ length: Math.floor(range / step) + 1 }, (_, i) => low + i * step) : []
  return {
    zero: log ? 0 : Math.abs(low) / range,
    place: (v) => (Number.isFinite(v) && (!log || v > 0) ? (scaled(v) - low) / range : undefined),
    ticks: powers.map((power) => ({ place: (power - low) / range, label: valueText(chart.format, 10 ** power) })),
  }
}
