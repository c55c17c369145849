import { createLoader, type Loader, subset } from '../../data/index.ts'
import { graphInputs, type Model } from '../../graph/index.ts'
import { calibrate, quantizeAdderLayers, quantizeIntegers } from '../../quantize/index.ts'
import { hostTensor, hostValues } from '../../runtime/index.ts'
import { evaluate } from '../../train/index.ts'
import { atLeast, atMost, control } from '../checks.ts'
import { drawIndices } from '../digits.ts'
import type { Digits, Findings, LabContext } from '../experiment.ts'
import { freshLenet, type NetKind } from '../first-iteration.ts'
import { progress } from '../progress.ts'
import { openMeasured } from '../running.ts'
import { timesOf } from '../times.ts'
import { type TrainingPlan, trainBriefly } from '../training.ts'

export interface Settings extends Omit<TrainingPlan, 'learningRate' | 'adaptiveRate' | 'choices'> {
  readonly calibrationImages: number
  readonly bits: readonly number[]
  /** How long networks are timed, altogether. */
  readonly seconds: number
}

const kinds: readonly NetKind[] = ['adder', 'ordinary']
/** So few are too few for an ordinary network: the control. */
const tooFew = 2
const batchSize = 50

/** A network in codes of so many bits. */
interface Coded {
  readonly model: Model
  /** Of its convolutions, in those bits. */
  readonly weightBytes: number
}

interface Measured extends Coded {
  readonly accuracy: number
}

type Coder = (bits: number) => Promise<Coded>

async function trained(kind: NetKind, settings: Settings, digits: Digits, context: LabContext, from: number) {
  const fresh = freshLenet(kind, context.seed, digits.sets.train.classes.length)
  const rates = kind === 'adder' ? { learningRate: 0.1, adaptiveRate: 0.2 } : { learningRate: 0.05 }
  const plan = { ...settings, ...rates }
  const { model } = await trainBriefly(fresh, digits, plan, context, (done) => progress(context, from + 0.3 * done))
  return model
}

const convolutions = (model: Model) => model.graph.nodes.filter(({ opType }) => /Conv$/.test(opType))

/** How many weights the convolutions have. */
const weightsOf = (model: Model): number =>
  convolutions(model).reduce((sum, { inputs }) => {
    const shape = model.graph.initializers.get(inputs[1] ?? '')?.shape ?? []
    return sum + shape.reduce((product, size) => product * size, 1)
  }, 0)

/** Adder layers in codes; the classifier stays in floating point. */
async function adderCoder(model: Model, loader: Loader, context: LabContext): Promise<Coder> {
  const calibration = calibrate(model)
  const input = graphInputs(model.graph)[0]!.name
  const session = await openMeasured(calibration.model, context)
  try {
    for await (const { images } of loader.epoch(0)) {
      const x = hostTensor('float32', [loader.batchSize, ...loader.shape], images)
      const outputs = await session.run({ [input]: x }, { signal: context.signal })
      calibration.observe((name) => {
        const output = outputs[name]
        return output ? hostValues(output) : images
      })
    }
  } finally {
    await session.dispose()
  }
  return async (bits) => ({
    model: quantizeAdderLayers(calibration.analysis, calibration.ranges(bits, 'mse'), bits).model,
    weightBytes: Math.ceil((weightsOf(model) * bits) / 8),
  })
}

/** Everything between input and output in codes. */
function ordinaryCoder(model: Model, loader: () => Loader, context: LabContext): Coder {
  const { runtime, threads = 1, signal } = context
  return async (bits) => {
    const { shape, batchSize, ...images } = loader()
    const batches = images.epoch(0)
    const options = { images: { shape, batchSize, batches }, bits, threads, signal, ...(runtime ? { runtime } : {}) }
    return {
      model: (await quantizeIntegers(model, options)).model,
      weightBytes: Math.ceil((weightsOf(model) * bits) / 8),
    }
  }
}

export async function measure(settings: Settings, context: LabContext): Promise<Findings> {
  const digits = await context.digits()
  const { train, test } = digits.sets
  const { seed, threads = 1, runtime, signal } = context
  const running = { threads, signal, onNotice: () => {}, ...(runtime ? { runtime } : {}) }
  const loaderOf = (set: typeof test, images: number) =>
    createLoader(subset(set, drawIndices(set, images, seed)), { batchSize, training: false })
  const tested = loaderOf(test, settings.testImages)
  const calibrating = () => loaderOf(train, settings.calibrationImages)
  const accuracyOf = async (model: Model) => (await evaluate(model, tested, running)).accuracy

  const found = new Map<NetKind, { readonly exact: number; readonly coded: readonly Measured[] }>()
  const models: Model[] = []
  for (const [k, kind] of kinds.entries()) {
    const model = await trained(kind, settings, digits, context, 0.35 * k)
    const coder =
      kind === 'adder' ? await adderCoder(model, calibrating(), context) : ordinaryCoder(model, calibrating, context)
    const coded: Measured[] = []
    for (const bits of [...settings.bits, tooFew]) {
      const made = await coder(bits)
      coded.push({ ...made, accuracy: await accuracyOf(made.model) })
    }
    found.set(kind, { exact: await accuracyOf(model), coded })
    models.push(model, ...coded.slice(0, -1).map((c) => c.model))
    await progress(context, 0.35 * (k + 1))
  }
  const input = graphInputs(models[0]!.graph)[0]!.name
  const x = hostTensor(
    'float32',
    [1, ...tested.shape],
    new Float32Array(tested.shape.reduce((a, b) => a * b, 1)).fill(0.5),
  )
  // Kerf's own times: others have no kernels for adder layers.
  const { medianMs } = await timesOf(models, { [input]: x }, settings.seconds, { ...context, peers: undefined })
  const each = settings.bits.length + 1
  const timeOf = (kind: NetKind, row: number) => medianMs[kinds.indexOf(kind) * each + row]![0]!
  const at = (kind: NetKind, bits: number) =>
    found.get(kind)!.coded[bits === tooFew ? settings.bits.length : settings.bits.indexOf(bits)]!
  const lost = (kind: NetKind, bits: number) => at(kind, bits).accuracy - found.get(kind)!.exact
  const floatBytes = (kind: NetKind) => 4 * weightsOf(models[kinds.indexOf(kind) * each]!)
  return {
    data: `LeNet-5-BN, trained on ${settings.trainImages} images in ${settings.epochs} epochs; ${digits.name}, ${tested.images} test images, ranges from ${settings.calibrationImages} training images`,
    tables: [
      {
        title: 'Accuracy, bytes and time by bits',
        columns: [
          { key: 'bits', header: 'Bits' },
          { key: 'adder', header: 'Adder', kind: 'ratio' },
          { key: 'ordinary', header: 'Ordinary', kind: 'ratio' },
          { key: 'bytes', header: 'Weights, bytes' },
          { key: 'adderMs', header: 'Adder, ms', kind: 'ratio' },
          { key: 'ordinaryMs', header: 'Ordinary, ms', kind: 'ratio' },
        ],
        rows: ['float32', ...settings.bits].map((bits, row) => [
          String(bits),
          ...kinds.map((kind) => (typeof bits === 'number' ? at(kind, bits).accuracy : found.get(kind)!.exact)),
          String(typeof bits === 'number' ? at('adder', bits).weightBytes : floatBytes('adder')),
          ...kinds.map((kind) => timeOf(kind, row)),
        ]),
        notes: [
          'Weights: of the convolutions, in so many bits; both networks have as many. Files hold codes of fewer than 8 bits as bytes.',
          'Times: Kerf, one image, medians.',
        ],
      },
    ],
    charts: [
      {
        title: 'Accuracy by bits',
        xLabel: 'bits',
        yFormat: 'percent',
        series: kinds.map((kind) => ({
          name: kind,
          points: settings.bits.map((bits) => [bits, at(kind, bits).accuracy] as const).reverse(),
        })),
      },
    ],
    checks: [
      ...kinds.flatMap((kind) => [
        atLeast(`${kind}, 8 bits, less float32`, -0.015, lost(kind, 8)),
        atLeast(`${kind}, 6 bits, less float32`, -0.03, lost(kind, 6)),
      ]),
      atLeast(
        'What adders lose with 6 bits, less what ordinary layers lose',
        -0.03,
        lost('adder', 6) - lost('ordinary', 6),
      ),
      atMost(
        'Bytes of weights in 8 bits, of those in float32',
        0.25,
        at('ordinary', 8).weightBytes / floatBytes('ordinary'),
      ),
      control(atLeast(`ordinary, ${tooFew} bits, less float32`, -0.03, lost('ordinary', tooFew))),
    ],
  }
}
