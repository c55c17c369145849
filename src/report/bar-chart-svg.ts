import { type BarChart, barScale } from './bar-chart.ts'
import { valueText } from './numbers.ts'
import { at, type ChartBody, colourOf, escaped, head, headHeight, type LegendEntry } from './svg-chart.ts'

const margin = { left: 20, right: 20, bottom: 32 }
/** Of a bar's value, in pixels. */
const labelHeight = 11

/** Pixels, so that the text fits into `room` about; between what can be read and what the chart's other text has. */
const textSize = (room: number, text: string, most: number): number =>
  Math.max(7, Math.min(most, (room * 1.6) / Math.max(1, text.length)))

/** At this size, in pixels, the name of a category goes on in another line. */
const categorySize = 10

/** A text in lines that fit into `room` pixels about, broken between words. */
function linesOf(text: string, room: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const longer = `${lines.at(-1)} ${word}`
    if (lines.length > 0 && textSize(room, longer, categorySize) === categorySize) lines[lines.length - 1] = longer
    else lines.push(word)
  }
  return lines
}

export const barChartBody =
  (chart: BarChart): ChartBody =>
  (width, height, theme) => {
    const right = width - margin.right
    const scale = barScale(chart)
    const left = margin.left + 7 * Math.max(0, ...scale.ticks.map((t) => t.label.length))
    const legend = chart.series.map(
      ({ name }, i): LegendEntry => ({ text: name, colour: colourOf(theme, i), mark: 'bar' }),
    )
    const shown = legend.length > 1 ? legend : []
    const top = headHeight(chart.title, shown, margin.left, right) + labelHeight
    const w = right - left
    const group = w / Math.max(1, chart.categories.length)
    const names = chart.categories.map((category) => linesOf(category, group))
    const size = Math.min(categorySize + 2, ...names.flat().map((line) => textSize(group, line, categorySize + 2)))
    const more = Math.max(0, ...names.map((lines) => lines.length - 1)) * size * 1.2
    const h = height - top - margin.bottom - more
    const y = (part: number) => top + (1 - part) * h
    const bar = (group * 0.8) / Math.max(1, chart.series.length)
    const bars = chart.categories.flatMap((_, c) =>
      chart.series.flatMap(({ values }, s) => {
        const value = values[c]!
        const place = scale.place(value)
        if (place === undefined) return []
        const start = left + (c + 0.1) * group + s * bar
        const [from, to] = [y(Math.max(place, scale.zero)), y(Math.min(place, scale.zero))]
        const text = valueText(chart.format, value)
        // Narrow bars have smaller values.
        const valueSize = textSize(bar, text, labelHeight)
        return [
          `<rect x="${at(start)}" y="${at(from)}" width="${at(bar * 0.94)}" height="${at(to - from)}" fill="${colourOf(theme, s)}"/>` +
            `<text x="${at(start + bar * 0.47)}" y="${at(value < 0 ? to + valueSize : from - 3)}" text-anchor="middle" font-size="${at(valueSize)}">${text}</text>`,
        ]
      }),
    )
    const zero = y(scale.zero)
    return [
      ...scale.ticks.map(
        ({ place, label }) =>
          `<line x1="${left}" x2="${right}" y1="${at(y(place))}" y2="${at(y(place))}" stroke="${theme.grid}"/>` +
          `<text x="${left - 6}" y="${at(y(place) + 4)}" text-anchor="end" font-size="${labelHeight}">${label}</text>`,
      ),
      ...bars,
      `<line x1="${left}" x2="${right}" y1="${at(zero)}" y2="${at(zero)}" stroke="${theme.axis}"/>`,
      ...names.flatMap((lines, c) =>
        lines.map(
          (line, l) =>
            `<text x="${at(left + (c + 0.5) * group)}" y="${at(top + h + 18 + l * size * 1.2)}" text-anchor="middle" font-size="${at(size)}">${escaped(line)}</text>`,
        ),
      ),
      ...head(chart.title, shown, margin.left, right),
    ].join('\n')
  }
