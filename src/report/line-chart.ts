import { shortNumber, valueText } from './numbers.ts'

/** A line: points in the order in which they are joined. A point that is not finite leaves a gap. */
export interface LineSeries {
  /** In the legend. */
  readonly name: string
  /** In the order of x; a value that is not finite leaves a gap. */
  readonly points: readonly (readonly [x: number, y: number])[]
  /** 'points' draws each point by itself, for measurements beside a predicted line; 'line' by default. */
  readonly mark?: 'line' | 'points'
}

/** Lines over a common axis. */
export interface LineChart {
  readonly kind?: 'lines'
  /** Above the chart. */
  readonly title: string
  /** Below the axis. */
  readonly xLabel: string
  /** The lines. */
  readonly series: readonly LineSeries[]
  /** As `yScale`. Ticks of a log axis stand at the points' own values where these are few. */
  readonly xScale?: 'linear' | 'log'
  /** 'linear' by default; 'log' (base 10) leaves gaps where a value is not positive. */
  readonly yScale?: 'linear' | 'log'
  /** 'percent' prints 0.9 as 90 %; 'number' by default. */
  readonly yFormat?: 'number' | 'percent'
}

/** An axis from `low` to `high` with labelled ticks. Scaled values are linear in space: logarithms on a log axis. */
export interface Axis {
  readonly low: number
  readonly high: number
  readonly ticks: readonly { readonly at: number; readonly label: string }[]
}

export interface Axes {
  readonly x: Axis
  readonly y: Axis
  /** The series in scaled values, NaN for gaps; outliers at the end of the axis. */
  readonly lines: readonly (readonly (readonly [x: number, y: number])[])[]
}

/** Beyond it, differences overflow: such values are gaps, as infinite ones are. */
const largestDrawn = 1e300

/** The axes of a chart: x as wide as the data, from 0 where they begin near it; y up to whole ticks. */
export function axesOf(chart: LineChart, counts: { readonly xTicks: number; readonly yTicks: number }): Axes {
  const log = chart.yScale === 'log'
  const xLog = chart.xScale === 'log'
  const scaled = (value: number, onLog: boolean) => (onLog ? (value > 0 ? Math.log10(value) : Number.NaN) : value)
  const lines = chart.series.map(({ points }) =>
    points.map(([x, y]): [number, number] => {
      const at: [number, number] = [scaled(x, xLog), scaled(y, log)]
      return at.every((v) => Math.abs(v) < largestDrawn) ? at : [Number.NaN, Number.NaN]
    }),
  )
  const all = lines.flat().filter(([x]) => !Number.isNaN(x))
  const [xFirst, xHigh] = extent(all.map(([x]) => x))
  const xLow = !xLog && xFirst > 0 && xFirst <= xHigh / 4 ? 0 : xFirst
  const [yLow, yHigh] = usualRange(chart) ?? extent(all.map(([, y]) => y))
  // Powers of ten are the ticks of a log axis, unless it spans less than two of them.
  const stepOf = (range: number, count: number, onLog: boolean) =>
    Math.max(onLog && range >= 2 ? 1 : 0, niceStep(range / count))
  const xStep = stepOf(xHigh - xLow, counts.xTicks, xLog)
  const yStep = stepOf(yHigh - yLow, counts.yTicks, log)
  const low = Math.floor(yLow / yStep + 1e-9) * yStep
  const top = Math.ceil(yHigh / yStep - 1e-9) * yStep
  const high = top > low ? top : low + yStep
  return {
    x: {
      low: xLow,
      high: xHigh,
      ticks: (xLog && ownTicks(all.map(([x]) => x))) || ticksOf(xLow, xHigh, xStep, label(xStep, xLog)),
    },
    y: {
      low,
      high,
      ticks: ticksOf(low, high, yStep, label(yStep, log, chart.yFormat === 'percent')),
    },
    lines: lines.map((points) => points.map(([x, y]) => [x, Math.min(Math.max(y, low), high)])),
  }
}

/**
 * Lowest and highest y of a linear axis without outliers, which would flatten all else. An outlier is farther than four times the range of the usual
 * values from these; usual are those within Tukey's far fences (three times the interquartile range outside of the quartiles; Exploratory Data Analysis,
 * 1977, section 2D). Undefined where there are none, or where they are more than a tenth of all.
 */
function usualRange(chart: LineChart): [low: number, high: number] | undefined {
  if (chart.yScale === 'log') return undefined
  const values = drawnValues(chart)
  if (values.length < 5) return undefined
  const quartile = (part: number) => values[Math.round(part * (values.length - 1))]!
  const within = (low: number, high: number, margin: number) =>
    values.filter((v) => v >= low - margin && v <= high + margin)
  const [low, high] = extent(within(quartile(0.25), quartile(0.75), 3 * (quartile(0.75) - quartile(0.25))))
  const shown = within(low, high, 4 * (high - low))
  return shown.length < values.length && shown.length >= 0.9 * values.length ? extent(shown) : undefined
}

/** All y that are drawn, from the lowest to the highest. */
const drawnValues = ({ series }: LineChart): number[] =>
  series
    .flatMap(({ points }) => points.map(([, y]) => y))
    .filter((y) => Math.abs(y) < largestDrawn)
    .sort((a, b) => a - b)

/** The title, and behind it how many values lie beyond the axis and how far. */
export function titleOf(chart: LineChart): string {
  const range = usualRange(chart)
  if (!range) return chart.title
  const beyond = drawnValues(chart).filter((v) => v < range[0] || v > range[1])
  const extremes = [...new Set([beyond[0], beyond.at(-1)])].map((v) => valueText(chart.yFormat, v!))
  return `${chart.title} (${beyond.length} beyond the axis: ${extremes.join(' to ')})`
}

const label =
  (step: number, log: boolean, percent = false) =>
  (value: number): string =>
    log ? shortNumber(10 ** value) : percent ? `${formatTick(value * 100, step * 100)}%` : formatTick(value, step)

/** A tick at each of a few different values, given as logarithms. */
function ownTicks(values: readonly number[]): Axis['ticks'] | undefined {
  const own = [...new Set(values)].sort((a, b) => a - b)
  if (own.length === 0 || own.length > 12) return undefined
  return own.map((at) => ({ at, label: shortNumber(10 ** at) }))
}

/** Lowest and highest; a range of its own where there is one value or none, or values too close for ticks between them. */
function extent(values: readonly number[]): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const v of values) {
    low = Math.min(low, v)
    high = Math.max(high, v)
  }
  if (low > high) return [0, 1]
  const largest = Math.max(Math.abs(low), Math.abs(high))
  if (high - low > largest * 1e-9 && largest > 1e-200) return [low, high]
  const margin = largest > 1e-200 ? largest * 0.1 : 1
  return [low - margin, high + margin]
}

/** 1, 2 or 5 times a power of ten, at least `step`. */
function niceStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step))
  const factor = [1, 2, 5].find((f) => f * power >= step * (1 - 1e-9)) ?? 10
  return factor * power
}

function ticksOf(low: number, high: number, step: number, label: (value: number) => string): Axis['ticks'] {
  const ticks: { at: number; label: string }[] = []
  const last = Math.floor(high / step + 1e-6)
  for (let i = Math.ceil(low / step - 1e-6); i <= last; i++) ticks.push({ at: i * step, label: label(i * step) })
  return ticks
}

function formatTick(value: number, step: number): string {
  const largest = Math.max(Math.abs(value), step)
  if (largest >= 1e6 || step < 1e-4) return shortNumber(Math.abs(value) < step / 2 ? 0 : value)
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9))
  // Never "-0".
  return (Math.round(value * 10 ** decimals) / 10 ** decimals + 0).toFixed(decimals)
}

/** A line's name with its last value, which stands at its end; points by themselves have no end. */
export function nameOf({ name, points, mark }: LineSeries, format: LineChart['yFormat']): string {
  const last = mark === 'points' ? undefined : points.findLast(([, y]) => Number.isFinite(y))?.[1]
  return last === undefined ? name : `${name} ${valueText(format, last)}`
}

/** At most about `most` points: of each stretch its lowest and highest, so that no spike is lost. */
export function thinned(
  points: readonly (readonly [x: number, y: number])[],
  most: number,
): readonly (readonly [x: number, y: number])[] {
  if (points.length <= most) return points
  const kept: (readonly [number, number])[] = []
  const stretch = Math.ceil((2 * points.length) / most)
  for (let start = 0; start < points.length; start += stretch) {
    const part = points.slice(start, start + stretch)
    let [low, high] = [0, 0]
    part.forEach(([, y], i) => {
      // A gap must stay one.
      if (Number.isNaN(y) || y < part[low]![1]) low = i
      if (y > part[high]![1]) high = i
    })
    for (const i of new Set([Math.min(low, high), Math.max(low, high)])) kept.push(part[i]!)
  }
  return kept
}
