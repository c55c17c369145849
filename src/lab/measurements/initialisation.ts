import { seededRandom, seedFrom } from '../../base/index.ts'
import { GraphBuilder, type Model, tensorOf } from '../../graph/index.ts'
import { hostTensor } from '../../runtime/index.ts'
import { atLeast, atMost, control, farthest, near } from '../checks.ts'
import type { Findings, LabContext } from '../experiment.ts'
import { progress } from '../progress.ts'
import { runOnce } from '../running.ts'

export interface Settings {
  readonly layers: number
  readonly channels: number
  /** Height and width that are left behind the last layer. */
  readonly lastSize: number
  /** Networks that are drawn and averaged. */
  readonly draws: number
}

const kernel = 3
/** Var W by 1/(k²·Cin). */
const gains = [0.5, 1, 2] as const

/** Convolutions without padding, bias and activation; every layer's output is a graph output. */
function chain({ layers, channels, lastSize }: Settings, gain: number, seed: number, relu: boolean): Model {
  const builder = new GraphBuilder('chain')
  const size = lastSize + layers * (kernel - 1)
  let x = builder.input('x', 'float32', [1, channels, size, size])
  const deviation = Math.sqrt(gain / (kernel * kernel * channels))
  const random = seededRandom(seed)
  const shape = [channels, channels, kernel, kernel]
  for (let l = 1; l <= layers; l++) {
    const values = Float32Array.from(
      { length: channels * channels * kernel * kernel },
      () => deviation * random.normal(),
    )
    x = builder.node(
      'Conv',
      [x, builder.constant(`w${l}`, tensorOf('float32', shape, values))],
      {},
      { outputs: [`y${l}`] },
    )
    builder.output(`y${l}`)
    if (relu) x = builder.node('Relu', [x])
  }
  return builder.model()
}

/** Mean square of every layer's output (its variance, since the mean is 0), over several networks and inputs of variance 1. */
async function variances(
  settings: Settings,
  gain: number,
  relu: boolean,
  context: LabContext,
  onDraw: () => Promise<void>,
): Promise<number[]> {
  const { layers, channels, lastSize, draws } = settings
  const size = lastSize + layers * (kernel - 1)
  const sums = new Array<number>(layers).fill(0)
  for (let draw = 0; draw < draws; draw++) {
    // The same directions for every gain: only the scale differs.
    const seed = seedFrom(context.seed, `weights ${draw}`)
    const random = seededRandom(seedFrom(context.seed, `input ${draw}`))
    const pixels = Float32Array.from({ length: channels * size * size }, () => random.normal())
    const x = hostTensor('float32', [1, channels, size, size], pixels)
    const outputs = await runOnce(chain(settings, gain, seed, relu), { x }, context)
    for (let l = 0; l < layers; l++) {
      const y = outputs.get(`y${l + 1}`)!
      sums[l] = sums[l]! + y.reduce((s, v) => s + v * v, 0) / y.length / draws
    }
    await onDraw()
  }
  return sums
}

export async function measure(settings: Settings, context: LabContext): Promise<Findings> {
  const { layers, draws } = settings
  let done = 0
  const onDraw = () => progress(context, ++done / (draws * (gains.length + 1)))
  const measured: number[][] = []
  for (const gain of gains) measured.push(await variances(settings, gain, false, context, onDraw))
  const withRelu = await variances(settings, 1, true, context, onDraw)
  const series = gains.map((gain, g) => ({ gain, values: measured[g]! }))
  const all = series.flatMap(({ gain, values }) =>
    values.map((v, l) => ({ predicted: gain ** (l + 1), measured: v, layer: l + 1 })),
  )
  const worst = farthest(all)
  const last = (values: readonly number[]) => values.at(-1)!
  const [low, , high] = measured as [number[], number[], number[]]
  // The networks' own spread: gains of single networks scatter by some per cent per layer.
  const tolerance = 0.3
  return {
    data: `random inputs; ${draws} random networks of ${layers} layers`,
    tables: [
      {
        title: 'Variance of the layers’ outputs',
        columns: [
          { key: 'layer', header: 'Layer', kind: 'count' },
          ...gains.flatMap((g) => [
            { key: `predicted${g}`, header: `g = ${g}: predicted`, kind: 'ratio' as const },
            { key: `measured${g}`, header: 'measured', kind: 'ratio' as const },
          ]),
          { key: 'relu', header: 'g = 1 with ReLU', kind: 'ratio' as const },
        ],
        rows: Array.from({ length: layers }, (_, l) => [
          l + 1,
          ...series.flatMap(({ gain, values }) => [gain ** (l + 1), values[l]!]),
          withRelu[l]!,
        ]),
      },
    ],
    charts: [
      {
        title: 'Variance by layer (logarithmic)',
        xLabel: 'layer',
        yScale: 'log',
        series: [
          ...series.map(({ gain, values }) => ({
            name: `g = ${gain}`,
            points: values.map((v, l) => [l + 1, v] as const),
          })),
          { name: 'g = 1, ReLU', mark: 'points', points: withRelu.map((v, l) => [l + 1, v] as const) },
        ],
      },
    ],
    checks: [
      near(`$g^l$, the layer farthest from it (${worst.layer})`, worst.predicted, worst.measured, tolerance),
      near('Variance behind the last layer, $g = 1$', 1, last(measured[1]!), tolerance),
      atMost('The same, $g = 0.5$', 1e-5, last(low)),
      atLeast('The same, $g = 2$', 1e5, last(high)),
      control(near('with ReLU, $g = 1$ keeps it too', 1, last(withRelu), tolerance)),
    ],
  }
}
