import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { barScale } from './bar-chart.ts'
import { type BarChart, chartsSvg, chartText, type LineChart } from './index.ts'
import { axesOf } from './line-chart.ts'

const bars = (more: Partial<BarChart> = {}): BarChart => ({
  kind: 'bars',
  title: 'Speed',
  categories: ['f32', '6 bits'],
  series: [
    { name: 'kerf', values: [10, 40] },
    { name: 'peer', values: [20, Number.NaN] },
  ],
  ...more,
})

describe('bar charts', () => {
  it('begin at 0, or at the power of ten below', () => {
    const linear = barScale(bars())
    expect([linear.zero, linear.place(40), linear.place(10), linear.place(Number.NaN)]).toEqual([0, 1, 0.25, undefined])
    const log = barScale(bars({ scale: 'log', series: [{ name: '', values: [10, 1000] }] }))
    expect([log.zero, log.place(1000), log.place(10), log.place(0)]).toEqual([
      0,
      1,
      expect.closeTo(1 / 3, 6),
      undefined,
    ])
    const signed = barScale(bars({ series: [{ name: '', values: [-1, 3] }] }))
    expect([signed.zero, signed.place(-1), signed.place(3)]).toEqual([0.25, 0, 1])
    expect(barScale(bars({ series: [{ name: '', values: [0, 0] }] })).place(0)).toBe(0)
  })

  it('in a terminal are lines with their values', () => {
    expect(chartText(bars(), { width: 30 }).split('\n')).toEqual([
      'Speed',
      'f32    kerf │███▌ 10',
      '       peer │███████ 20',
      '6 bits kerf │██████████████ 40',
      '       peer │–',
      '',
    ])
    const one = bars({ series: [{ name: 'share', values: [0.5, -0.25] }], format: 'percent' })
    expect(chartText(one, { width: 30, colors: [(t) => `<${t}>`] }).split('\n')).toEqual([
      'Speed',
      'f32    │<████████████████> 50%',
      '6 bits │<████████> -25%',
      '',
    ])
  })

  it('have an axis where their scale is logarithmic', () => {
    const log = bars({ scale: 'log', series: [{ name: '', values: [20, 30_000] }] })
    expect(barScale(log).ticks).toEqual([
      { place: 0, label: '10' },
      { place: expect.closeTo(1 / 3.477, 3), label: '100' },
      { place: expect.closeTo(2 / 3.477, 3), label: '1000' },
      { place: expect.closeTo(3 / 3.477, 3), label: '10000' },
    ])
    expect(barScale(bars()).ticks).toEqual([])
    expect(chartText(log, { width: 50 }).split('\n')).toEqual([
      'Speed',
      'f32    │███ 20',
      '6 bits │███████████████████████████████████ 30000',
      '       └─────────┴─────────┴─────────┴─────',
      '       10       100      1000      10000',
      '',
    ])
    const svg = chartsSvg([log])
    for (const label of ['10', '100', '1000', '10000'])
      expect(svg).toContain(`text-anchor="end" font-size="11">${label}<`)
  })

  it('in SVG stand side by side, none where there is no value', async () => {
    const svg = chartsSvg([bars()], { width: 440, height: 240 })
    // Two groups of 200 pixels, bars of 80; the plot is 240 − 40 − 11 − 32 = 157 pixels high.
    expect(svg).toContain('<rect x="40" y="168.8" width="75.2" height="39.3" fill="#0072b2"/>')
    expect(svg).toContain('<rect x="240" y="51" width="75.2" height="157" fill="#0072b2"/>')
    expect(svg.match(/fill="#d55e00"/g)).toHaveLength(2)
    expect(svg).not.toContain('NaN')
    const { info } = await sharp(Buffer.from(svg)).toBuffer({ resolveWithObject: true })
    expect([info.width, info.height]).toEqual([440, 240])
  })

  it('have names in several lines where they are wider than their bars', () => {
    const categories = ['ordinary, float32, Winograd', ...Array.from({ length: 10 }, (_, i) => `kind ${i}`)]
    const svg = chartsSvg([{ ...bars(), categories, series: [{ name: 'rate', values: categories.map(() => 1) }] }])
    const names = [...svg.matchAll(/font-size="([\d.]+)">([^<]*[a-z][^<]*)</g)].slice(0, 13)
    expect(names.slice(0, 3).map(([, , text]) => text)).toEqual(['ordinary,', 'float32,', 'Winograd'])
    for (const [, size] of names) expect(Number(size)).toBeGreaterThanOrEqual(9)
  })
})

describe('line charts', () => {
  const measured: LineChart = {
    title: 'Variance',
    xLabel: 'channels',
    xScale: 'log',
    series: [
      {
        name: 'predicted',
        points: [
          [16, 1],
          [64, 4],
        ],
      },
      {
        name: 'measured',
        mark: 'points',
        points: [
          [16, 1.1],
          [64, 3.9],
          [0, 1],
        ],
      },
    ],
  }

  it('have points, and ticks at few values of a log axis', () => {
    const { x, lines } = axesOf(measured, { xTicks: 4, yTicks: 4 })
    expect(x.ticks.map((t) => t.label)).toEqual(['16', '64'])
    // 0 has no logarithm.
    expect(lines[1]?.[2]).toEqual([Number.NaN, Number.NaN])
    const svg = chartsSvg([measured])
    expect(svg.match(/<circle /g)).toHaveLength(3)
    expect(svg.match(/<path [^>]*stroke="#0072b2"/g)).toHaveLength(1)
    expect(svg).not.toContain('NaN')
    const many = {
      ...measured,
      series: [{ name: '', points: Array.from({ length: 99 }, (_, i) => [i + 1, i] as const) }],
    }
    expect(axesOf(many, { xTicks: 4, yTicks: 4 }).x.ticks.map((t) => t.label)).toEqual(['1', '3.16', '10', '31.6'])
  })

  it('draw points by themselves in a terminal', () => {
    const one = {
      ...measured,
      series: [
        {
          name: 'm',
          mark: 'points' as const,
          points: [
            [0, 0],
            [10, 3],
          ] as const,
        },
      ],
    }
    const text = chartText({ ...one, xScale: 'linear' }, { width: 40, height: 4 })
    const dots = [...text].filter((c) => c > '\u2800' && c <= '\u28ff')
    expect(dots.length).toBeGreaterThanOrEqual(2)
    expect(dots.length).toBeLessThanOrEqual(5)
  })

  it('move the legend below the title where both do not fit beside each other', () => {
    const wide = {
      ...measured,
      title: 'Variance of the outputs of all twenty layers, predicted and measured, by channels',
    }
    expect(chartsSvg([measured])).toContain('y="24">predicted 4</text>')
    expect(chartsSvg([wide])).toContain('y="46">predicted 4</text>')
  })

  it('put a legend that is wider than the chart into rows, none of which begins left of it', () => {
    const names = ['full, clipped', 'full, not clipped', 'sign, clipped', 'sign, not clipped']
    const many = { ...measured, series: names.map((name) => ({ name, points: [[1, 0.5]] as const })) }
    const svg = chartsSvg([many], { width: 560 })
    const entries = [...svg.matchAll(/<text x="([\d.-]+)" y="(\d+)">(full|sign)/g)].map(([, x, y]) => [Number(x), y])
    expect(new Set(entries.map(([, y]) => y))).toEqual(new Set(['46', '68']))
    for (const [x] of entries) expect(x).toBeGreaterThan(64)
    // Four entries in two rows, in their order.
    expect(entries).toHaveLength(4)
    expect(svg.indexOf('full, clipped')).toBeLessThan(svg.indexOf('sign, not clipped'))
  })

  it('take the colours of the page they stand in', () => {
    const svg = chartsSvg([measured, bars()], { theme: 'page' })
    expect(svg).toContain('fill="var(--text)"')
    expect(svg).not.toMatch(/#fff|#222|#ddd/)
  })
})
