import { type BarChart, type BarScale, barScale } from './bar-chart.ts'
import type { TerminalChartOptions } from './line-chart-terminal.ts'
import { valueText } from './numbers.ts'
import { widthOf } from './terminal.ts'

const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']

/** A bar chart for terminals: one line per bar, with its value behind it. Negative values are bars of the same length with their sign. */
export function barChartText(chart: BarChart, options: TerminalChartOptions = {}): string {
  const { width = 72, colors = [] } = options
  const scale = barScale(chart)
  const several = chart.series.length > 1
  const categoryWidth = Math.max(0, ...chart.categories.map(widthOf))
  const nameWidth = several ? Math.max(0, ...chart.series.map((s) => widthOf(s.name))) : 0
  const texts = chart.series.map((s) => s.values.map((v) => (Number.isFinite(v) ? valueText(chart.format, v) : '–')))
  const valueWidth = Math.max(0, ...texts.flat().map(widthOf))
  const room = Math.max(8, width - categoryWidth - nameWidth - valueWidth - 4)
  const longest = Math.max(scale.zero, 1 - scale.zero)
  const pad = (text: string, to: number) => text + ' '.repeat(Math.max(0, to - widthOf(text)))
  const lines = chart.categories.flatMap((category, c) =>
    chart.series.map((series, s) => {
      const place = scale.place(series.values[c]!)
      const part = place === undefined ? 0 : Math.abs(place - scale.zero) / longest
      const steps = Math.round(part * room * 8)
      const bar = '█'.repeat(steps >> 3) + eighths[steps & 7]!
      const painted = colors.length > 0 ? colors[s % colors.length]!(bar) : bar
      const head = [pad(s === 0 ? category : '', categoryWidth), ...(several ? [pad(series.name, nameWidth)] : [])]
      return `${head.join(' ')} │${painted}${bar === '' ? '' : ' '}${texts[s]?.[c] ?? ''}`.trimEnd()
    }),
  )
  const left = categoryWidth + (several ? nameWidth + 1 : 0) + 1
  return [chart.title, ...lines, ...logAxis(scale.ticks, left, room), ''].join('\n')
}

/** Below the bars of a log scale: its powers of ten, as many as have room. */
function logAxis(ticks: BarScale['ticks'], left: number, room: number): string[] {
  if (ticks.length === 0) return []
  const line = new Array<string>(room + 1).fill('─')
  let labels = ''
  for (const { place, label } of ticks) {
    const column = Math.round(place * room)
    const start = Math.max(0, column - (label.length >> 1))
    if (labels !== '' && start <= labels.length) continue
    line[column] = '┴'
    labels = labels.padEnd(start) + label
  }
  line[0] = '└'
  return [' '.repeat(left) + line.join(''), ' '.repeat(left) + labels]
}
