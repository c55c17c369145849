import fc from 'fast-check'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { lineChartsSvg, lineChartText, sparkline } from './index.ts'
import { axesOf, type LineChart, thinned, titleOf } from './line-chart.ts'
import { shortNumber } from './numbers.ts'

const chart = (points: [number, number][], more: Partial<LineChart> = {}): LineChart => ({
  title: 'Loss',
  xLabel: 'epoch',
  series: [{ name: 'train', points }],
  ...more,
})
const counts = { xTicks: 5, yTicks: 4 }
const labels = (c: LineChart) => axesOf(c, counts).y.ticks.map((t) => t.label)

describe('outliers', () => {
  const curve = Array.from({ length: 20 }, (_, i): [number, number] => [i + 1, 1 + (i % 5) / 10])

  it('do not flatten the rest: they lie at the end of the axis, and the title says so', () => {
    const spoilt = chart(curve.map(([x, y]) => [x, x === 3 ? 5000 : y]))
    const axes = axesOf(spoilt, counts)
    expect([axes.y.low, axes.y.high]).toEqual([1, expect.closeTo(1.4, 9)])
    expect(axes.lines[0]?.[2]).toEqual([3, expect.closeTo(1.4, 9)])
    expect(titleOf(spoilt)).toBe('Loss (1 beyond the axis: 5000)')
    expect(lineChartText(spoilt)).toMatch(/^Loss \(1 beyond the axis: 5000\)\n/)
    expect(lineChartsSvg([spoilt])).toContain('>Loss (1 beyond the axis: 5000)<')
    const both = chart(curve.map(([x, y]) => [x, x === 3 ? 5000 : x === 9 ? -70 : y]))
    expect(titleOf(both)).toBe('Loss (2 beyond the axis: -70 to 5000)')
  })

  it('are none where they are many, where the range is of the same order, or on a log axis', () => {
    for (const usual of [
      chart(curve),
      chart(curve.map(([x, y]) => [x, x <= 4 ? 5000 : y])),
      chart(curve.map(([x, y]) => [x, x === 3 ? 2.5 : y])),
      chart(
        curve.map(([x, y]) => [x, x === 3 ? 5000 : y]),
        { yScale: 'log' },
      ),
      chart([]),
    ])
      expect(titleOf(usual)).toBe('Loss')
  })
})

describe('axes', () => {
  it('have round ticks around the data', () => {
    const axes = axesOf(
      chart([
        [1, 0.13],
        [10, 2.3],
      ]),
      counts,
    )
    expect([axes.y.low, axes.y.high]).toEqual([0, 3])
    expect(axes.y.ticks.map((t) => t.label)).toEqual(['0', '1', '2', '3'])
    // Near 0, x begins there.
    expect(axes.x.ticks.map((t) => t.label)).toEqual(['0', '2', '4', '6', '8', '10'])
    expect(
      axesOf(
        chart([
          [90, 1],
          [100, 2],
        ]),
        counts,
      ).x.low,
    ).toBe(90)
  })

  it('print per cent, powers of ten, very small and very large numbers', () => {
    expect(
      labels(
        chart(
          [
            [0, 0.9],
            [1, 0.99],
          ],
          { yFormat: 'percent' },
        ),
      ),
    ).toEqual(['90%', '95%', '100%'])
    expect(
      labels(
        chart(
          [
            [0, 0.001],
            [1, 20],
            [2, 0],
          ],
          { yScale: 'log' },
        ),
      ),
    ).toEqual(['1e-4', '0.01', '1', '100'])
    expect(
      labels(
        chart([
          [0, 0],
          [1, 3e-7],
        ]),
      ),
    ).toEqual(['0', '1e-7', '2e-7', '3e-7'])
    expect(
      labels(
        chart([
          [0, -2e7],
          [1, 0],
        ]),
      ),
    ).toEqual(['-2e7', '-1.5e7', '-1e7', '-5e6', '0'])
    expect([0.00123, 45600, 1234567, 0, Number.NaN].map(shortNumber)).toEqual([
      '0.00123',
      '45600',
      '1.23e6',
      '0',
      'NaN',
    ])
  })

  it('contain every finite point, whatever the data', () => {
    // Far apart, close together, tiny, and not numbers.
    const value = fc.oneof(fc.double(), fc.double({ min: -1e9, max: 1e9 }), fc.double({ min: 1, max: 1 + 1e-12 }))
    fc.assert(
      fc.property(
        fc.array(fc.tuple(value, value)),
        fc.constantFrom('linear' as const, 'log' as const),
        (points, yScale) => {
          const { x, y, lines } = axesOf(chart(points, { yScale }), counts)
          expect(x.low).toBeLessThan(x.high)
          expect(y.low).toBeLessThan(y.high)
          expect(y.ticks.length).toBeLessThan(12)
          const slack = (y.high - y.low) * 1e-6
          for (const [px, py] of lines.flat())
            if (!Number.isNaN(px)) {
              expect(px >= x.low && px <= x.high).toBe(true)
              expect(py >= y.low - slack && py <= y.high + slack).toBe(true)
            }
        },
      ),
    )
  })

  it('points are thinned without losing a spike or a gap', () => {
    const points = Array.from({ length: 10_000 }, (_, i): [number, number] => [i, i === 4321 ? 99 : i % 7])
    points[77] = [Number.NaN, Number.NaN]
    const thin = thinned(points, 500)
    expect(thin.length).toBeLessThanOrEqual(500)
    expect(thin).toContainEqual([4321, 99])
    expect(thin.filter(([x]) => Number.isNaN(x)).length).toBe(1)
    expect(thin.map(([x]) => x).filter((x) => !Number.isNaN(x))).toEqual(
      thin
        .map(([x]) => x)
        .filter((x) => !Number.isNaN(x))
        .sort((a, b) => a - b),
    )
  })
})

describe('SVG', () => {
  it('draws lines with gaps, a legend with last values, and escapes names', () => {
    const svg = lineChartsSvg(
      [
        chart(
          [
            [0, 0],
            [1, 1],
            [2, Number.NaN],
            [3, 3],
            [4, 4],
          ],
          {
            series: [
              {
                name: 'a<b',
                points: [
                  [0, 0],
                  [2, 2],
                  [3, Number.NaN],
                  [4, 4],
                ],
              },
              { name: 'dot', points: [[2, 1]] },
            ],
          },
        ),
      ],
      { title: 'A & B', width: 484, height: 184 },
    )
    // x: 64 + value/4·400; y: 40 + 100 − value/4·100.
    expect(svg).toContain('<path d="M64 140L264 90M464 40" fill="none" stroke="#0072b2"')
    expect(svg).toContain('<circle cx="264" cy="115" r="3" fill="#d55e00"/>')
    expect(svg).toContain('a&lt;b 4</text>')
    expect(svg).toContain('A &amp; B')
    expect(svg).not.toContain('NaN')
  })

  it('is a picture that a renderer takes, with each line in its colour', async () => {
    const svg = lineChartsSvg(
      [
        chart([
          [0, 1],
          [9, 2],
        ]),
        chart([]),
      ],
      { title: 'Run' },
    )
    const { data, info } = await sharp(Buffer.from(svg)).removeAlpha().raw().toBuffer({ resolveWithObject: true })
    expect([info.width, info.height]).toEqual([720, 512])
    let blue = 0
    for (let i = 0; i < data.length; i += 3) if (data[i] === 0 && data[i + 1] === 0x72 && data[i + 2] === 0xb2) blue++
    expect(blue).toBeGreaterThan(500)
  })
})

describe('terminal', () => {
  it('draws a line with its name at its end', () => {
    expect(
      lineChartText(
        chart([
          [0, 0],
          [10, 3],
        ]),
        { width: 40, height: 4 },
      ).split('\n'),
    ).toEqual([
      'Loss',
      '5 ┤',
      '  │                        ⣀⣀⣀⠤⠤ train 3',
      '  │           ⢀⣀⣀⡠⠤⠤⠔⠒⠒⠒⠉⠉⠉',
      '0 ┤⣀⣀⠤⠤⠤⠒⠒⠒⠉⠉⠉⠁',
      '  └┬─────────────┬─────────────┬',
      '   0             5            10  epoch',
      '',
    ])
  })

  it('keeps to its width, gives every line a label row of its own, and colours them', () => {
    const c = chart([], {
      series: ['x', 'y', 'z'].map((name) => ({
        name,
        points: [
          [0, 1],
          [1, 1],
        ] as [number, number][],
      })),
    })
    const text = lineChartText(c, { width: 50, height: 6, colors: [(t) => `<${t}>`, (t) => `{${t}}`] })
    const plain = lineChartText(c, { width: 50, height: 6 })
    for (const line of plain.split('\n')) expect(line.length).toBeLessThanOrEqual(50 + '  epoch'.length)
    for (const label of ['<x 1>', '{y 1}', '<z 1>'])
      expect(text.split('\n').filter((l) => l.includes(label)).length).toBe(1)
    expect(plain).not.toContain('<')
  })

  it('gives points no value at their end, and rings where colours are taken twice', () => {
    const c = chart([[0, 1]])
    const many = {
      ...c,
      series: Array.from({ length: 8 }, (_, i) => ({ ...c.series[0]!, name: `s${i}`, mark: 'points' as const })),
    }
    const svg = lineChartsSvg([many])
    expect(svg).toContain('>s7</text>')
    // One in the legend, one in the chart.
    expect(svg.match(/<circle [^>]*fill="none" stroke=/g)).toHaveLength(2)
    expect(lineChartText(many)).toMatch(/ s7$/m)
  })

  it('draws no line over a gap', () => {
    const dots = (points: [number, number][]) =>
      [...lineChartText(chart(points), { width: 60, height: 8 })].filter((c) => c >= '\u2801' && c <= '\u28ff').length
    expect(
      dots([
        [0, 0],
        [5, Number.NaN],
        [10, 1],
      ]),
    ).toBe(2)
    expect(
      dots([
        [0, 0],
        [5, 0.5],
        [10, 1],
      ]),
    ).toBeGreaterThan(20)
  })

  it('sparkline', () => {
    expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7])).toBe('▁▂▃▄▅▆▇█')
    expect(sparkline([3, 3, Number.NaN, Number.POSITIVE_INFINITY])).toBe('▁▁  ')
    expect(sparkline([0, 0, 4, 4, 8, 8], 3)).toBe('▁▅█')
    expect(sparkline([])).toBe('')
  })
})
