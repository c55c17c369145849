import { momentsOf, seededRandom, seedFrom } from '../../base/index.ts'
import type { Cell } from '../../report/index.ts'
import { atLeast, atMost, control, farthest, near } from '../checks.ts'
import type { Experiment, Findings, LabContext } from '../experiment.ts'
import { progress } from '../progress.ts'
import { type RealLayer, realLayers } from '../real-layers.ts'

interface Settings {
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

export const variance: Experiment<Settings> = {
  name: 'variance',
  title: 'The outputs of adder layers are large',
  claim:
    'The variance of an adder layer’s output is $(1 - 2/\\pi) \\cdot k^2 C_{in} \\cdot (\\operatorname{Var} X + \\operatorname{Var} W)$: no choice of weights keeps it small.',
  derivation: [
    'Let $x$ and $w$ be independent and normal with mean 0. Then $d = x - w$ is normal with variance $\\sigma^2 = \\sigma_x^2 + \\sigma_w^2$, and $\\lvert d \\rvert$ is half-normal:',
    '$$\\operatorname{E} \\lvert d \\rvert = \\sigma \\sqrt{\\frac{2}{\\pi}}, \\quad \\operatorname{E} \\lvert d \\rvert^2 = \\sigma^2, \\quad \\operatorname{Var} \\lvert d \\rvert = \\left(1 - \\frac{2}{\\pi}\\right) \\sigma^2$$',
    'An output is $-\\sum \\lvert x - w \\rvert$ over $k^2 C_{in}$ taps, so that',
    '$$\\operatorname{Var} Y = \\left(1 - \\frac{2}{\\pi}\\right) k^2 C_{in} \\left(\\operatorname{Var} X + \\operatorname{Var} W\\right)$$',
    'In ordinary convolution the variances are multiplied, and $\\operatorname{Var} W = 1/(k^2 C_{in})$ makes up for the number of taps. Here they are added: however small the weights are, $\\operatorname{Var} Y$ is at least $0.36 \\cdot k^2 C_{in} \\operatorname{Var} X$. So every adder layer needs a BatchNormalization behind it, and with outputs that large the gradients become small (see gradient-norm).',
    'The paper prints the constant as $\\sqrt{\\pi/2} \\approx 1.25$ instead of $1 - 2/\\pi \\approx 0.363$; that is the control.',
    'Behind a ReLU the input is not normal and its mean is not 0. For $x = \\max(0, z)$, both standard normal, $\\operatorname{E} \\lvert x - w \\rvert = (\\sqrt{2/\\pi} + 2/\\sqrt{\\pi})/2$ and $\\operatorname{E} (x - w)^2 = 3/2$, so that $\\operatorname{Var} \\lvert x - w \\rvert \\approx 0.572$, where the simple formula has $0.487$.',
    'In a network the taps of a patch are not independent either: neighbouring pixels resemble each other. For inputs as they are and weights from $N(\\mu, \\sigma^2)$, the distance at a tap is a folded normal number. With $z = (x - \\mu)/\\sigma$ its mean and variance are',
    '$$m(x) = \\sigma \\sqrt{\\frac{2}{\\pi}} e^{-z^2/2} + (x - \\mu)(1 - 2 \\Phi(-z)), \\quad v(x) = (x - \\mu)^2 + \\sigma^2 - m(x)^2$$',
    'and by the law of total variance, first over the weights of a patch, then over patches,',
    '$$\\operatorname{Var} Y = \\operatorname{E} \\sum v(x) + \\operatorname{Var} \\sum m(x)$$',
    'The last term holds the covariances of all pairs of taps. It is what makes real outputs larger.',
  ],
  measures:
    'The variance of outputs whose inputs and weights are all drawn independently, for several numbers of taps and scales. Then the adder layers of ResNet-20 at the first iteration.',
  data: 'Random numbers; for the network digits of MNIST where they are given (`--data`), else generated pictures.',
  source: 'Chen et al., AdderNet, CVPR 2020, section 3.3, equations 9 and 10',
  settings: {
    quick: { samples: 2000, taps: [9, 36, 144, 576], batchSize: 8 },
    full: { samples: 100_000, taps: [9, 36, 144, 576], batchSize: 64 },
  },
  duration: '1 s',

  async run(settings, context): Promise<Findings> {
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
        near(
          `Behind ReLU, exact ($k^2 C_{in} = ${worstRelu.taps}$)`,
          worstRelu.predicted,
          worstRelu.measured,
          tolerance,
        ),
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
  },
}
