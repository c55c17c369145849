import { axesOf, type LineChart, nameOf, titleOf } from './line-chart.ts'

/** Size and colours. */
export interface TerminalChartOptions {
  /** Columns in all; 72 by default, at least 30. */
  readonly width?: number
  /** Rows of the plot, without title and axis; 10 by default. */
  readonly height?: number
  /** Colour each series, in turn; plain text by default. */
  readonly colors?: readonly ((text: string) => string)[]
}

/** Braille patterns: a cell is 2 dots wide and 4 high (Unicode chapter 21.1); bits by row, then column. */
const dotBits = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const

/**
 * A chart for terminals. Lines are drawn in braille dots; the name and last value stand at the end of each line, so that they are told apart
 * without colour.
 */
export function lineChartText(chart: LineChart, options: TerminalChartOptions = {}): string {
  const { width = 72, height = 10, colors = [] } = options
  const axes = axesOf(chart, { xTicks: 4, yTicks: Math.max(1, height / 3) })
  const names = chart.series.map((s) => nameOf(s, chart.yFormat))
  const left = Math.max(...axes.y.ticks.map((t) => t.label.length)) + 1
  const columns = Math.max(8, Math.max(30, width) - left - 1 - Math.max(0, ...names.map((n) => n.length + 1)))
  const [dotsWide, dotsHigh] = [columns * 2, height * 4]
  const across = (x: number) => Math.round(((x - axes.x.low) / (axes.x.high - axes.x.low)) * (dotsWide - 1))
  const down = (y: number) => Math.round((1 - (y - axes.y.low) / (axes.y.high - axes.y.low)) * (dotsHigh - 1))

  const dots = Array.from({ length: height }, () => new Uint8Array(columns))
  /** Which series was drawn last in a cell, +1. */
  const owners = Array.from({ length: height }, () => new Uint8Array(columns))
  const labels = new Map<number, number>()
  axes.lines.forEach((points, s) => {
    const joined = chart.series[s]?.mark !== 'points'
    let before: [number, number] | undefined
    for (const [px, py] of points) {
      if (Number.isNaN(px)) {
        before = undefined
        continue
      }
      const now: [number, number] = [across(px), down(py)]
      // A point by itself is a small cross, so that it is seen on a line.
      for (const [x, y] of joined ? between(before ?? now, now) : cross(now, dotsWide, dotsHigh)) {
        const [row, column] = [y >> 2, x >> 1]
        const cells = dots[row] as Uint8Array
        cells[column] = cells[column]! | (dotBits[y & 3] as readonly number[])[x & 1]!
        ;(owners[row] as Uint8Array)[column] = s + 1
      }
      before = now
    }
    const end = points.findLast(([x]) => !Number.isNaN(x))
    if (end) labels.set(freeRow(labels, down(end[1]) >> 2, height), s)
  })

  const paint = (text: string, series: number | undefined) =>
    series === undefined || colors.length === 0 ? text : colors[series % colors.length]!(text)
  const ticks = new Map(axes.y.ticks.map((t) => [down(t.at) >> 2, t.label]))
  const rows = dots.map((cells, row) => {
    const owner = owners[row] as Uint8Array
    const plot = [...cells].map((bits, c) => (bits ? paint(String.fromCharCode(0x2800 + bits), owner[c]! - 1) : ' '))
    const label = labels.get(row)
    const name = label === undefined ? '' : ` ${paint(names[label]!, label)}`
    const tick = ticks.get(row)
    return `${(tick ?? '').padStart(left - 1)} ${tick === undefined ? '│' : '┤'}${plot.join('')}${name}`.trimEnd()
  })
  return [titleOf(chart), ...rows, ...xAxis(chart, axes.x, across, left, columns), ''].join('\n')
}

/** The nearest row that has no label yet: below first. */
function freeRow(labels: ReadonlyMap<number, number>, row: number, height: number): number {
  for (let distance = 0; distance < height; distance++)
    for (const candidate of [row + distance, row - distance])
      if (candidate >= 0 && candidate < height && !labels.has(candidate)) return candidate
  return row
}

function* between([x0, y0]: [number, number], [x1, y1]: [number, number]): Generator<[number, number]> {
  const steps = Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0), 1)
  for (let i = 0; i <= steps; i++)
    yield [Math.round(x0 + ((x1 - x0) * i) / steps), Math.round(y0 + ((y1 - y0) * i) / steps)]
}

function* cross([x, y]: [number, number], wide: number, high: number): Generator<[number, number]> {
  for (const [dx, dy] of [
    [0, 0],
    [-1, 0],
    [1, 0],
    [0, -1],
    [0, 1],
  ] as const)
    if (x + dx >= 0 && x + dx < wide && y + dy >= 0 && y + dy < high) yield [x + dx, y + dy]
}

function xAxis(
  chart: LineChart,
  axis: ReturnType<typeof axesOf>['x'],
  across: (x: number) => number,
  left: number,
  columns: number,
): string[] {
  const line = new Array<string>(columns).fill('─')
  const text = new Array<string>(columns).fill(' ')
  let used = -1
  for (const { at, label } of axis.ticks) {
    const column = across(at) >> 1
    line[column] = '┬'
    const start = Math.min(Math.max(0, column - (label.length >> 1)), columns - label.length)
    if (start <= used) continue
    for (let i = 0; i < label.length; i++) text[start + i] = label[i]!
    used = start + label.length
  }
  const pad = ' '.repeat(left)
  return [`${pad}└${line.join('')}`, `${pad} ${text.join('').trimEnd()}  ${chart.xLabel}`]
}
