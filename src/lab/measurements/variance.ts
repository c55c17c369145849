import { momentsOf, seededRandom, seedFrom } from '../../base/index.ts'
import type { Cell } from '../../report/index.ts'
import { atLeast, atMost, control, farthest, near } from '../checks.ts'
import type { Findings, LabContext } from '../experiment.ts'
import { progress } from '../progress.ts'
import { type RealLayer, realLayers } from '../real-layers.ts'

export interface Settings {
  /** Outputs that are drawn per row. */
  readonly samples: number
  /** k²·Cin of the layers. */
  readonly taps: readonly number[]
  /** Images that the real network is given. */
  readonly batchSize: number
}

const share = 1 - 2 / Math.PI
const publishedConstant = Math.sqrt(Math.PI / 2)
/** Standard errors of a measurement by which the farthest of 20 layers may be off, and the mean of them all as a part. */
const layerErrors = 4
const meanTolerance = 0.05

/**
 * Exact variance of |X − W| for X = max(0, Z) and independent standard normal Z and W. Half of the time X = 0 and E|W| = √(2/π); else X is as good
 * as normal (W is symmetric) and E|Z − W| = 2/√π. And E(X − W)² = 1/2 + 1.
 */
const reluVariance = 1.5 - ((Math.sqrt(2 / Math.PI) + 2 / Math.sqrt(Math.PI)) / 2) ** 2

interface Row {
  readonly taps: number
  readonly inputs: string
  readonly varX: number
  readonly varW: number
  readonly predicted: number
  readonly measured: number
}

/** Variance of −Σ|x − w| over independent draws of all x and w. */
function sampled(taps: number, samples: number, x: () => number, w: () => number): number {
  return momentsOf(
    (function* () {
      for (let i = 0; i < samples; i++) {
        let sum = 0
        for (let t = 0; t < taps; t++) sum -= Math.abs(x() - w())
        yield sum
      }
    })(),
  ).variance
}

async function monteCarlo({ samples, taps }: Settings, context: LabContext): Promise<{ normal: Row[]; relu: Row[] }> {
  const normal: Row[] = []
  const relu: Row[] = []
  // Both deviations 1; Var W as ordinary convolution would have it; a quiet input.
  const cases = (k2c: number): readonly (readonly [varX: number, varW: number])[] => [
    [1, 1],
    [1, 1 / k2c],
    [0.25, 1],
  ]
  let done = 0
  for (const k2c of taps) {
    for (const [varX, varW] of cases(k2c)) {
      const random = seededRandom(seedFrom(context.seed, `${k2c} ${varX} ${varW}`))
      const [sx, sw] = [Math.sqrt(varX), Math.sqrt(varW)]
      const x = () => sx * random.normal()
      const w = () => sw * random.normal()
      const measured = sampled(k2c, samples, x, w)
      normal.push({ taps: k2c, inputs: 'normal', varX, varW, predicted: share * k2c * (varX + varW), measured })
    }
    const random = seededRandom(seedFrom(context.seed, `${k2c} relu`))
    const x = () => Math.max(0, random.normal())
    const measured = sampled(k2c, samples, x, () => random.normal())
    const varX = 0.5 - 1 / (2 * Math.PI)
    relu.push({ taps: k2c, inputs: 'ReLU of normal', varX, varW: 1, predicted: share * k2c * (varX + 1), measured })
    await progress(context, (0.5 * ++done) / taps.length)
  }
  return { normal, relu }
}

export async function measure(settings: Settings, context: LabContext): Promise<Findings> {
  const { normal, relu } = await monteCarlo(settings, context)
  const layers = await realLayers(settings.batchSize, context, (done) => progress(context, 0.5 + done / 2))
  // The standard error of a variance is √(2/n) of it; the largest of a dozen is about three of them.
  const tolerance = 4 * Math.sqrt(2 / settings.samples)
  const worst = farthest(normal)
  const unit = normal.find((r) => r.taps === 144 && r.varW === 1 && r.varX === 1)!
  const conventional = normal.filter((r) => r.varX === 1 && r.varW === 1 / r.taps)
  const widest = conventional.at(-1)!
  /** By the formula for independent normal inputs of mean 0. */
  const simple = (l: RealLayer) => share * l.taps * (l.varX + l.varW)
  const off = (l: RealLayer) => Math.abs(l.measured - l.predicted) / l.error
  const worstLayer = layers.reduce((a, b) => (off(b) > off(a) ? b : a))
  /** Geometric mean over the layers. */
  const ratio = (predicted: (l: RealLayer) => number) =>
    Math.exp(momentsOf(layers.map((l) => Math.log(l.measured / predicted(l)))).mean)
  const exact = relu.map((r) => ({ ...r, predicted: reluVariance * r.taps }))
  const worstRelu = farthest(exact)
  const row = (r: Row): Cell[] => [
    r.taps,
    r.inputs,
    r.varX,
    r.varW,
    r.predicted,
    r.measured,
    publishedConstant * r.taps * (r.varX + r.varW),
    r.taps * r.varX * r.varW,
  ]
  return {
    data: `${settings.samples} outputs per row, all inputs and weights drawn; ${(await context.digits()).name}, a batch of ${settings.batchSize}`,
    tables: [
      {
        title: 'Variance of the output',
        columns: [
          { key: 'taps', header: 'k²·C_in', kind: 'count' },
          { key: 'inputs', header: 'Inputs' },
          { key: 'varX', header: 'Var X', kind: 'ratio' },
          { key: 'varW', header: 'Var W', kind: 'ratio' },
          { key: 'predicted', header: '(1 − 2/π)·…', kind: 'ratio' },
          { key: 'measured', header: 'Measured', kind: 'ratio' },
          { key: 'published', header: '√(π/2)·…', kind: 'ratio' },
          { key: 'ordinary', header: 'Ordinary convolution', kind: 'ratio' },
        ],
        rows: [...normal, ...relu].map(row),
        notes: ['Ordinary convolution: k²·C_in·Var X·Var W.'],
      },
      {
        title: 'Adder layers of ResNet-20 at the first iteration',
        columns: [
          { key: 'layer', header: 'Layer' },
          { key: 'taps', header: 'k²·C_in', kind: 'count' },
          { key: 'meanX', header: 'E X', kind: 'ratio' },
          { key: 'varX', header: 'Var X', kind: 'ratio' },
          { key: 'published', header: '√(π/2)·…', kind: 'ratio' },
          { key: 'simple', header: '(1 − 2/π)·…', kind: 'ratio' },
          { key: 'independent', header: 'X as it is, taps independent', kind: 'ratio' },
          { key: 'predicted', header: 'X as it is', kind: 'ratio' },
          { key: 'measured', header: 'Measured', kind: 'ratio' },
          { key: 'error', header: '± %', kind: 'ratio' },
          { key: 'ratio', header: 'Measured ÷ X as it is', kind: 'ratio' },
        ],
        rows: layers.map((l): Cell[] => [
          ...[l.name, l.taps, l.meanX, l.varX, (publishedConstant / share) * simple(l), simple(l)],
          ...[l.independent, l.predicted, l.measured, (100 * l.error) / l.measured, l.measured / l.predicted],
        ]),
        notes: [
          'Weights: from N(0, 1). “X as it is”: E Σ v(x) + Var Σ m(x) over the patches that the layer really reads; with independent taps the variance of the sum is the sum of the taps’ variances. ±: the standard error that comes from the layer’s few filters.',
        ],
      },
    ],
    charts: [
      {
        title: 'Variance where Var X = 1, Var W = 1/(k²·C_in) (logarithmic)',
        xLabel: 'k²·C_in',
        xScale: 'log',
        yScale: 'log',
        series: [
          { name: '√(π/2)', points: conventional.map((r) => [r.taps, publishedConstant * r.taps * (1 + r.varW)]) },
          { name: 'predicted', points: conventional.map((r) => [r.taps, r.predicted]) },
          { name: 'measured', mark: 'points', points: conventional.map((r) => [r.taps, r.measured]) },
          { name: 'ordinary', points: conventional.map((r) => [r.taps, 1]) },
        ],
      },
    ],
    checks: [
      near(
        `Variance, the row farthest from it ($k^2 C_{in} = ${worst.taps}$)`,
        worst.predicted,
        worst.measured,
        tolerance,
      ),
      control(
        near(
          'the same for the published constant, $k^2 C_{in} = 144$',
          publishedConstant * 144 * 2,
          unit.measured,
          tolerance,
        ),
      ),
      near(`Behind ReLU, exact ($k^2 C_{in} = ${worstRelu.taps}$)`, worstRelu.predicted, worstRelu.measured, tolerance),
      control(
        near('behind ReLU the simple formula is exact too', relu.at(-1)!.predicted, relu.at(-1)!.measured, tolerance),
      ),
      atMost(
        `Real layers, inputs as they are: the farthest, in standard errors (${worstLayer.name})`,
        layerErrors,
        off(worstLayer),
      ),
      near(
        'the same: measured by predicted, mean over the layers',
        1,
        ratio((l) => l.predicted),
        meanTolerance,
      ),
      control(
        near(
          'with independent taps',
          1,
          ratio((l) => l.independent),
          meanTolerance,
        ),
      ),
      control(
        near(
          'for normal inputs of mean 0',
          1,
          ratio((l) => simple(l)),
          meanTolerance,
        ),
      ),
      atLeast(`Variance by ordinary convolution’s, $k^2 C_{in} = ${widest.taps}$`, 100, widest.measured),
    ],
  }
}
