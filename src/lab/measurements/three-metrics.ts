import { rankCorrelation, seededRandom, seedFrom } from '../../base/index.ts'
import { formulas } from '../../cost/index.ts'
import type { BlockName } from '../../nets/index.ts'
import type { Cell, LineChart, Table } from '../../report/index.ts'
import { hostTensor } from '../../runtime/index.ts'
import { atLeast, atMost, control, equal } from '../checks.ts'
import { type Design, type DesignCosts, designOf, exactness, short } from '../designs.ts'
import type { Check, Findings, LabContext } from '../experiment.ts'
import { factorOff, pricedAt, pricesOf } from '../fit.ts'
import { progress } from '../progress.ts'
import { ownRuntime, timesOf } from '../times.ts'

export interface Settings {
  /** Channels, height and width. */
  readonly shapes: readonly (readonly [channels: number, size: number])[]
  /** For all kinds of one shape in one runtime. */
  readonly seconds: number
}

const kinds: readonly BlockName[] = [
  ...(['regular', 'grouped', 'depthwise', 'pointwise', 'separable', 'low-rank'] as const),
  ...(['partial', 'inverted-bottleneck'] as const),
]

/** From what a time is predicted: each metric alone, and two together. Every price list has a constant: what a call costs. */
const predictors: readonly { readonly name: string; readonly of: (costs: DesignCosts) => readonly number[] }[] = [
  { name: 'MACs', of: (c) => [c.macs, 1] },
  { name: 'parameters', of: (c) => [c.params, 1] },
  { name: 'accesses', of: (c) => [c.accesses, 1] },
  { name: 'MACs, accesses', of: (c) => [c.macs, c.accesses, 1] },
]
const both = predictors.at(-1)!

/** One design and its times, a runtime each. */
interface Measured {
  readonly design: Design
  readonly timeMs: readonly number[]
}

export async function measure({ shapes, seconds }: Settings, context: LabContext): Promise<Findings> {
  const limit = await context.measureLimit?.(context.threads ?? 1)
  const measured: Measured[] = []
  let runtimes: readonly string[] = []
  for (const [i, [channels, size]] of shapes.entries()) {
    const designs = kinds.map((name) => designOf(name, { channels, size }, seedFrom(context.seed, `${name} ${i}`)))
    const times = await timed(designs, seconds, context)
    runtimes = times.runtimes
    measured.push(...designs.map((design, j) => ({ design, timeMs: times.fastestMs[j]! })))
    await progress(context, (i + 1) / shapes.length)
  }
  return findings(measured, runtimes, limit, shapes.length)
}

async function timed(designs: readonly Design[], seconds: number, context: LabContext) {
  const { channels, size } = designs[0]!
  const random = seededRandom(seedFrom(context.seed, 'x'))
  const shape = [1, channels, size, size]
  const x = Float32Array.from({ length: channels * size * size }, random.normal)
  return timesOf(
    designs.map((d) => d.model),
    { input: hostTensor('float32', shape, x) },
    seconds,
    context,
  )
}

function findings(
  measured: readonly Measured[],
  runtimes: readonly string[],
  limit: number | undefined,
  shapes: number,
): Findings {
  const predictions = runtimes.flatMap((name, r) => predictors.map((p) => predicted(name, r, p, measured)))
  const [own] = predictions.filter((p) => p.runtime === ownRuntime && p.predictor === both.name)
  const alone = predictions.filter((p) => p.runtime === ownRuntime && p.predictor !== both.name)
  const example = examples()
  const rates = kinds.map((kind) => meanRate(measured, kind, 0))
  const rateOf = (kind: BlockName) => rates[kinds.indexOf(kind)]!
  const checks: Check[] = [
    exactness([...measured.map((m) => m.design), ...example]),
    control(
      equal(
        'the same of partial convolutions, the copies of Split and Concat counted, at 56×56×96',
        example.find((d) => d.name === 'partial')!.formula.accesses,
        example.filter((d) => d.name === 'partial').reduce((sum, d) => sum + d.counted.accesses + d.moved, 0),
      ),
    ),
    ...runtimes.map((name) => {
      const of = (predictor: string) => predictions.find((p) => p.runtime === name && p.predictor === predictor)!
      return atMost(
        `${name}: MACs and accesses, off by the factor, kinds left out; by that of MACs alone`,
        1,
        of(both.name).leftOut / of('MACs').leftOut,
      )
    }),
    atLeast('Kerf: regular by depthwise, MACs per second', 2, rateOf('regular') / rateOf('depthwise')),
    control(
      atMost(
        'Kerf: one metric alone, kinds left out, off by the factor; by that of both',
        0.9,
        Math.min(...alone.map((p) => p.leftOut)) / own!.leftOut,
      ),
    ),
  ]
  return {
    data: `${kinds.length} kinds of layers, k = 3, g = 4, t = 6, r = 1/4, of ${shapes} shapes each; random numbers`,
    tables: [
      symbols(),
      numbers(example),
      reached(measured, runtimes, limit),
      {
        title: 'From what time is predicted',
        columns: [
          { key: 'runtime', header: 'Runtime' },
          { key: 'metric', header: 'Metric' },
          { key: 'correlation', header: 'Ranks', kind: 'ratio' },
          { key: 'fitted', header: 'Fitted: off', kind: 'ratio' },
          { key: 'leftOut', header: 'Left out: off', kind: 'ratio' },
          { key: 'worst', header: 'most for', optional: true },
        ],
        rows: predictions.map((p) => [
          p.runtime,
          p.predictor,
          short(p.correlation),
          short(p.fitted),
          short(p.leftOut),
          p.worst,
        ]),
        notes: [
          'Ranks: Spearman’s correlation of the prediction with the time. Off: by the factor, geometric mean; 1 is right. Left out: kinds that no price was fitted to.',
          ...predictions.filter((p) => p.predictor === both.name).map(priceText),
        ],
      },
    ],
    charts: [roofline(measured, own!.prices, limit)],
    checks,
  }
}

/** How a metric predicts the times of a runtime. */
interface Prediction {
  readonly runtime: string
  readonly predictor: string
  readonly prices: readonly number[]
  readonly correlation: number
  readonly fitted: number
  readonly leftOut: number
  /** The kind that is predicted worst when it is left out. */
  readonly worst: string
}

function predicted(
  runtime: string,
  r: number,
  { name, of }: (typeof predictors)[number],
  measured: readonly Measured[],
): Prediction {
  const x = (some: readonly Measured[]) => some.map((m) => of(m.design.formula))
  const y = (some: readonly Measured[]) => some.map((m) => m.timeMs[r]!)
  const prices = pricesOf(x(measured), y(measured))
  const times = (some: readonly Measured[], by: readonly number[]) => x(some).map((q) => pricedAt(q, by))
  const out = kinds.map((kind) => {
    const own = measured.filter((m) => m.design.name === kind)
    const others = measured.filter((m) => m.design.name !== kind)
    return { kind, predicted: times(own, pricesOf(x(others), y(others))), measured: y(own) }
  })
  const off = out.map((o) => factorOff(o.predicted, o.measured))
  return {
    ...{ runtime, predictor: name, prices },
    correlation: rankCorrelation(times(measured, prices), y(measured)),
    fitted: factorOff(times(measured, prices), y(measured)),
    leftOut: factorOff(
      out.flatMap((o) => o.predicted),
      out.flatMap((o) => o.measured),
    ),
    worst: kinds[off.indexOf(Math.max(...off))]!,
  }
}

/** Prices per ms as rates that people know. */
function priceText({ runtime, prices: [mac, access, call] }: Prediction): string {
  const rate = (price: number, unit: string) => (price > 0 ? `${short(1e-6 / price)} ${unit}` : `unbounded ${unit}`)
  return `${runtime}: ${rate(mac!, 'GMAC/s')}, ${rate(access!, 'G accesses/s')}, ${short(call! * 1000)} µs a call.`
}

function symbols(): Table {
  const shown = formulas().filter((f) => ['regular', 'depthwise', 'pointwise'].includes(f.key))
  return {
    title: 'In symbols',
    columns: [
      { key: 'kind', header: 'Convolution' },
      { key: 'macs', header: 'MACs' },
      { key: 'params', header: 'Parameters' },
      { key: 'accesses', header: 'Accesses' },
      { key: 'ratio', header: 'MACs ÷ regular' },
    ],
    rows: shown.map((f): Cell[] => [
      f.name,
      ...[f.costs.macs, f.costs.params, f.costs.accesses, f.ratios.macs!.numerator].map((p) => ({
        text: p.toShortString(),
        latex: p.toLatex(),
      })),
    ]),
  }
}

/** The worked example of reference cost models. */
const examples = () => kinds.map((name) => designOf(name, { channels: 96, size: 56 }, 0))

function numbers(example: readonly Design[]): Table {
  return {
    title: 'In numbers, as counted in graphs: 56×56, C = 96, k = 3',
    columns: [
      { key: 'kind', header: 'Convolution' },
      { key: 'macs', header: 'MACs', kind: 'count' },
      { key: 'params', header: 'Parameters', kind: 'count' },
      { key: 'accesses', header: 'Accesses', kind: 'count' },
      { key: 'intensity', header: 'MACs per access', kind: 'ratio' },
    ],
    rows: example.map(({ name, counted: { macs, params, accesses } }) => [
      name,
      macs,
      params,
      accesses,
      short(macs / accesses),
    ]),
  }
}

/** Geometric mean over the shapes, in 10⁹ MACs per second. */
function meanRate(measured: readonly Measured[], kind: BlockName, r: number): number {
  const own = measured.filter((m) => m.design.name === kind)
  const logarithms = own.map((m) => Math.log(m.design.formula.macs / m.timeMs[r]! / 1e6))
  return Math.exp(logarithms.reduce((sum, v) => sum + v, 0) / own.length)
}

function reached(measured: readonly Measured[], runtimes: readonly string[], limit: number | undefined): Table {
  return {
    title: 'What is reached: GMAC/s, geometric mean of all shapes',
    columns: [
      { key: 'kind', header: 'Convolution' },
      ...runtimes.map((name) => ({ key: name, header: name, kind: 'ratio' as const })),
    ],
    rows: kinds.map((kind) => [kind, ...runtimes.map((_, r) => short(meanRate(measured, kind, r)))]),
    notes:
      limit === undefined
        ? []
        : [`Limit: ${(limit / 1e9).toFixed(1)} GMAC/s, multiply–adds in registers, WebAssembly.`],
  }
}

/** GMAC/s by MACs per access: below the slope of memory, below the flat top of arithmetic. */
function roofline(
  measured: readonly Measured[],
  [mac, access]: readonly number[],
  limit: number | undefined,
): LineChart {
  const intensity = ({ design: { formula } }: Measured) => formula.macs / formula.accesses
  const all = measured.map(intensity)
  const [low, high] = [Math.min(...all), Math.max(...all)]
  const along = Array.from({ length: 40 }, (_, i) => low * (high / low) ** (i / 39))
  return {
    title: 'Kerf: GMAC/s by MACs per access',
    xLabel: 'MACs per access',
    xScale: 'log',
    yScale: 'log',
    series: [
      ...kinds.map((kind) => ({
        name: kind,
        mark: 'points' as const,
        points: measured
          .filter((m) => m.design.name === kind)
          .map((m): [number, number] => [intensity(m), m.design.formula.macs / m.timeMs[0]! / 1e6]),
      })),
      // Without the price of a call: large layers.
      { name: 'by the prices', points: along.map((x): [number, number] => [x, 1e-6 / (mac! + access! / x)]) },
      ...(limit === undefined
        ? []
        : [{ name: 'limit', points: [low, high].map((x): [number, number] => [x, limit / 1e9]) }]),
    ],
  }
}
