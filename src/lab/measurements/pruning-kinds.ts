import { profileModel } from '../../cost/index.ts'
import type { Model } from '../../graph/index.ts'
import { Layers, trainingInitialization } from '../../nets/index.ts'
import { modelBytes } from '../../onnx/index.ts'
import { type PruneMethod, pruneModel } from '../../prune/index.ts'
import { hostTensor } from '../../runtime/index.ts'
import { atLeast, atMost, control, equal } from '../checks.ts'
import { drawIndices, pixelsOf } from '../digits.ts'
import type { Findings, LabContext } from '../experiment.ts'
import { progress } from '../progress.ts'
import { prunedColumns, timesOf } from '../times.ts'
import { type TrainingPlan, testAccuracy, trainBriefly } from '../training.ts'

export interface Settings extends Pick<TrainingPlan, 'trainImages' | 'testImages' | 'epochs' | 'batchSize'> {
  /** Part that goes. */
  readonly ratio: number
  /** Images at a time, where time is measured. */
  readonly timedImages: number
  readonly seconds: number
}

const ways: readonly { readonly name: string; readonly methods?: readonly PruneMethod[] }[] = [
  { name: 'as it is' },
  { name: 'weights', methods: ['weight'] },
  { name: 'neurons', methods: ['neuron'] },
  { name: 'filters', methods: ['filter'] },
  { name: 'filters, neurons', methods: ['filter', 'neuron'] },
]

/** LeNet-5 with linear layers, so that there are neurons, and BatchNormalization behind its convolutions. */
function network(seed: number, classes: number): Model {
  const options = { seed, classes, initialization: trainingInitialization }
  const net = new Layers('lenet5', options, { classes, inChannels: 1, inputSize: 28 })
  const stage = (from: typeof net.input, n: number, outChannels: number, padding: number) => {
    const x = net.convBn(from, `conv${n}`, `bn${n}`, { outChannels, kernel: 5, padding })
    return net.maxPool(net.relu(x, `relu${n}`), `pool${n}`, { kernel: 2, stride: 2 })
  }
  const features = net.flatten(stage(stage(net.input, 1, 16, 2), 2, 32, 0), 'flatten')
  const one = net.relu(net.linear(features, 'fc1', 120), 'relu3')
  const two = net.relu(net.linear(one, 'fc2', 84), 'relu4')
  net.linear(two, 'fc3', classes)
  return net.model()
}

export async function measure(settings: Settings, context: LabContext): Promise<Findings> {
  const { ratio, seconds, timedImages } = settings
  const digits = await context.digits()
  const { test } = digits.sets
  const fresh = network(context.seed, test.classes.length)
  const { model } = await trainBriefly(fresh, digits, { ...settings, learningRate: 0.05 }, context, (done) =>
    progress(context, 0.6 * done),
  )
  const found: { readonly name: string; readonly model: Model; readonly accuracy: number }[] = []
  for (const { name, methods } of ways) {
    const pruned = methods
      ? (await pruneModel(model, { methods, criterion: 'l2', scope: { ratio }, signal: context.signal })).model
      : model
    found.push({ name, model: pruned, accuracy: await testAccuracy(pruned, digits, settings, context) })
    await progress(context, 0.6 + (0.2 * found.length) / ways.length)
  }
  const models = found.map((f) => f.model)
  const x = await pixelsOf(test, drawIndices(test, timedImages, context.seed))
  const feeds = { input: hostTensor('float32', [timedImages, 1, test.height, test.width], x) }
  const times = await timesOf(models, feeds, seconds, context)
  const totals = models.map((m) => profileModel(m, { countNonZero: true }).totals)
  const bytes = models.map((m) => modelBytes(m).length)
  const part = (values: readonly number[], name: string) =>
    values[found.findIndex((f) => f.name === name)]! / values[0]!
  const [stored, executed] = [totals.map((t) => t.params), totals.map((t) => t.macs)]
  return {
    data: `LeNet-5, trained on ${settings.trainImages} images in ${settings.epochs} epochs; ${digits.name}, ${settings.testImages} test images; ${100 * ratio} % pruned, the least L2 norms first`,
    tables: [
      {
        title: `${100 * ratio} % of each layer pruned`,
        columns: prunedColumns(times.runtimes, { key: 'accuracy', header: 'Accuracy', kind: 'ratio' }),
        rows: found.map(({ name, accuracy }, i) => [
          name,
          totals[i]!.params,
          totals[i]!.nonZeroParams,
          totals[i]!.macs,
          bytes[i]!,
          accuracy,
          ...times.medianMs[i]!,
        ]),
        notes: [`Times: medians, ${timedImages} images at a time, in turns. Accuracy: right after the cut.`],
      },
    ],
    charts: [
      {
        kind: 'bars',
        title: 'Of the whole network',
        format: 'percent',
        categories: found.map((f) => f.name),
        series: [
          { name: 'file', values: bytes.map((b) => b / bytes[0]!) },
          { name: 'MACs', values: executed.map((m) => m / executed[0]!) },
        ],
      },
    ],
    checks: [
      equal('weights: stored', stored[0]!, stored[1]!),
      equal('weights: executed', executed[0]!, executed[1]!),
      atMost('weights: not 0, of what is stored', 1 - ratio + 0.01, totals[1]!.nonZeroParams! / stored[1]!),
      atMost('filters: executed, of the whole', 0.45, part(executed, 'filters')),
      atMost('filters and neurons: the file, of the whole', 0.4, part(bytes, 'filters, neurons')),
      atMost('neurons: the file, of the whole', 0.75, part(bytes, 'neurons')),
      atLeast('neurons: executed, of the whole', 0.9, part(executed, 'neurons')),
      control(atMost('weights: the file, of the whole', 0.9, part(bytes, 'weights'))),
      control(atMost('weights: executed, of the whole', 0.9, part(executed, 'weights'))),
    ],
  }
}
