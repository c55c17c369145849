import { seededRandom, seedFrom } from '../../base/index.ts'
import { profileModel } from '../../cost/index.ts'
import { GraphBuilder, type Model, tensorOf } from '../../graph/index.ts'
import { modelBytes } from '../../onnx/index.ts'
import { type PruneMethod, pruneModel } from '../../prune/index.ts'
import { hostTensor } from '../../runtime/index.ts'
import { atMost, control, equal } from '../checks.ts'
import type { Findings, LabContext } from '../experiment.ts'
import { progress } from '../progress.ts'
import { prunedColumns, timesOf } from '../times.ts'

export interface Settings {
  readonly inputs: number
  readonly outputs: number
  /** Part that goes. */
  readonly ratio: number
  /** Vectors at a time, where time is measured. */
  readonly batch: number
  readonly seconds: number
}

/** What of the layer is pruned, and what by arithmetic is left. */
const ways: readonly {
  readonly name: string
  readonly method?: PruneMethod
  /** Multiplications with addition for one vector, and numbers that are not 0. */
  expected(layer: Settings): { readonly macs: number; readonly params: number; readonly nonZero: number }
}[] = [
  {
    name: 'as it is',
    expected: ({ inputs, outputs }) => {
      const params = (inputs + 1) * outputs
      return { macs: inputs * outputs, params, nonZero: params }
    },
  },
  {
    name: 'weights',
    method: 'weight',
    expected: ({ inputs, outputs, ratio }) => {
      const [macs, params] = [inputs * outputs, (inputs + 1) * outputs]
      return { macs, params, nonZero: params - Math.floor(macs * ratio) }
    },
  },
  {
    name: 'neurons',
    method: 'neuron',
    expected: ({ inputs, outputs, ratio }) => {
      const left = Math.floor(outputs * (1 - ratio))
      return { macs: inputs * left, params: (inputs + 1) * left, nonZero: (inputs + 1) * left }
    },
  },
  {
    name: 'inputs',
    method: 'input',
    expected: ({ inputs, outputs, ratio }) => {
      // Rounded up: what is left of the inputs is at least what was to stay.
      const left = Math.ceil(inputs * (1 - ratio))
      return { macs: left * outputs, params: (left + 1) * outputs, nonZero: (left + 1) * outputs }
    },
  },
]

/** Like torch.nn.Linear, no number of it 0. */
function linear({ inputs, outputs }: Settings, seed: number): Model {
  const random = seededRandom(seed)
  const drawn = (length: number) => Float32Array.from({ length }, () => random.normal() || 1)
  const b = new GraphBuilder('linear')
  const x = b.input('x', 'float32', ['N', inputs])
  const weight = b.constant('weight', tensorOf('float32', [outputs, inputs], drawn(inputs * outputs)))
  const bias = b.constant('bias', tensorOf('float32', [outputs], drawn(outputs)))
  b.output(b.node('Gemm', [x, weight, bias], { transB: 1 }, { name: 'linear' }))
  return b.model()
}

export async function measure(settings: Settings, context: LabContext): Promise<Findings> {
  const { inputs, outputs, ratio, batch, seconds } = settings
  const layer = linear(settings, seedFrom(context.seed, 'layer'))
  const found: { readonly name: string; readonly model: Model; readonly bytes: number }[] = []
  for (const [i, { name, method }] of ways.entries()) {
    const model = method
      ? (
          await pruneModel(layer, {
            ...{ methods: [method], criterion: 'random', seed: context.seed, scope: { ratio } },
            outputsMayShrink: true,
            signal: context.signal,
          })
        ).model
      : layer
    found.push({ name, model, bytes: modelBytes(model).length })
    await progress(context, (0.5 * (i + 1)) / ways.length)
  }
  const random = seededRandom(seedFrom(context.seed, 'vectors'))
  const x = Float32Array.from({ length: batch * inputs }, random.normal)
  const feeds = { x: hostTensor('float32', [batch, inputs], x) }
  const models = found.map((f) => f.model)
  const times = await timesOf(models, feeds, seconds, context)
  const totals = models.map((model) => profileModel(model, { countNonZero: true }).totals)
  const [whole] = totals
  const wanted = ways.map((way) => way.expected(settings))
  return {
    data: `a layer of ${inputs} inputs and ${outputs} outputs, ${100 * ratio} % pruned at random`,
    tables: [
      {
        title: `Linear(${inputs}, ${outputs}), ${100 * ratio} % pruned`,
        columns: prunedColumns(times.runtimes),
        rows: found.map(({ name, bytes }, i) => [
          name,
          totals[i]!.params,
          totals[i]!.nonZeroParams ?? null,
          totals[i]!.macs,
          bytes,
          ...times.medianMs[i]!,
        ]),
        notes: [`Times: medians, ${batch} vectors at a time, in turns. Counts are of one vector.`],
      },
    ],
    charts: [
      {
        kind: 'bars',
        title: 'Of the whole layer',
        format: 'percent',
        categories: found.map((f) => f.name),
        series: [
          { name: 'stored', values: totals.map((t) => t.params / whole!.params) },
          { name: 'not 0', values: totals.map((t) => (t.nonZeroParams ?? 0) / whole!.params) },
          { name: 'executed', values: totals.map((t) => t.macs / whole!.macs) },
        ],
      },
    ],
    checks: [
      ...ways.flatMap(({ name }, i) => [
        equal(`${name}: stored`, wanted[i]!.params, totals[i]!.params),
        equal(`${name}: not 0`, wanted[i]!.nonZero, totals[i]!.nonZeroParams ?? Number.NaN),
        equal(`${name}: executed`, wanted[i]!.macs, totals[i]!.macs),
      ]),
      atMost('neurons: bytes of the file, of the whole', 1 - ratio + 0.01, found[2]!.bytes / found[0]!.bytes),
      control(atMost('weights: bytes of the file, of the whole', 1 - ratio + 0.01, found[1]!.bytes / found[0]!.bytes)),
      control(atMost('weights: executed, of the whole', 1 - ratio, totals[1]!.macs / whole!.macs)),
    ],
  }
}
