import { seededRandom, seedFrom } from '../../base/index.ts'
import { profileModel } from '../../cost/index.ts'
import { GraphBuilder, type Model, tensorOf } from '../../graph/index.ts'
import { modelBytes } from '../../onnx/index.ts'
import { type PruneMethod, pruneModel } from '../../prune/index.ts'
import { hostTensor } from '../../runtime/index.ts'
import { atMost, control, equal } from '../checks.ts'
import type { Experiment, Findings } from '../experiment.ts'
import { progress } from '../progress.ts'
import { besideOthers, timesOf } from '../times.ts'

interface Settings {
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

export const linearPruning: Experiment<Settings> = {
  name: 'linear-pruning',
  title: 'What goes when 30 % of a linear layer go',
  claim:
    'Pruned weights are stored and executed as before in a dense runtime: only the numbers that are not 0 become fewer. Pruned neurons and inputs make the layer itself smaller.',
  derivation: [
    'A linear layer with $m$ inputs and $n$ outputs has $mn + n$ numbers, and does $mn$ multiplications with addition for every vector. Three things can be pruned, each by a part $p$:',
    '*Weights*, one by one: $pmn$ of them become 0. The matrix keeps its shape, so that all $mn$ are stored, and a dense kernel multiplies by all of them.',
    '*Neurons*: $pn$ rows go, with their biases. What is left is a layer with $(1 - p)n$ outputs, smaller in every respect; whoever reads it must know which rows are left.',
    '*Inputs*: $pm$ columns go. The layer looks at $(1 - p)m$ inputs, which are picked first.',
    'So three numbers are told apart: what is *stored*, what is *not 0*, and what is *executed*. A tool that shows one of them alone misleads.',
  ],
  measures:
    'Parameters stored and not 0, multiplications with addition, the size of the ONNX file, and the median time of a batch in Kerf and in the other runtimes that are installed.',
  data: 'One layer with random weights; what goes is drawn at random.',
  source: 'Arithmetic, shown above',
  settings: {
    quick: { inputs: 1024, outputs: 512, ratio: 0.3, batch: 16, seconds: 1 },
    full: { inputs: 1024, outputs: 512, ratio: 0.3, batch: 16, seconds: 20 },
  },
  duration: '2 s',
  inNode: besideOthers,

  async run(settings, context): Promise<Findings> {
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
          columns: [
            { key: 'pruned', header: 'Pruned' },
            { key: 'stored', header: 'Stored', kind: 'count' },
            { key: 'nonZero', header: 'Not 0', kind: 'count' },
            { key: 'executed', header: 'MACs', kind: 'count' },
            { key: 'bytes', header: 'File B', kind: 'count' },
            ...times.runtimes.map((name) => ({ key: `${name} ms`, header: `${name} ms`, kind: 'ratio' as const })),
          ],
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
        control(
          atMost('weights: bytes of the file, of the whole', 1 - ratio + 0.01, found[1]!.bytes / found[0]!.bytes),
        ),
        control(atMost('weights: executed, of the whole', 1 - ratio, totals[1]!.macs / whole!.macs)),
      ],
    }
  },
}
