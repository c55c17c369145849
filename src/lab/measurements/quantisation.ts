import { createLoader, type Loader, subset, type Transform } from '../../data/index.ts'
import { type Analysis, graphInputs, type Model, type Node, tensorValues } from '../../graph/index.ts'
import { calibrate, type InputRange, quantizeAdderLayers } from '../../quantize/index.ts'
import { hostTensor, hostValues } from '../../runtime/index.ts'
import { evaluate } from '../../train/index.ts'
import { atLeast, control } from '../checks.ts'
import { drawIndices } from '../digits.ts'
import type { Digits, Findings, LabContext } from '../experiment.ts'
import { freshLenet } from '../first-iteration.ts'
import { progress } from '../progress.ts'
import { openMeasured } from '../running.ts'
import { type TrainingPlan, trainBriefly } from '../training.ts'

export interface Settings extends Omit<TrainingPlan, 'learningRate' | 'adaptiveRate' | 'choices'> {
  readonly calibrationImages: number
  readonly bits: readonly number[]
}

/** How the range that codes span is chosen. */
const ways = [
  { name: 'clamped', what: 'nearest to the inputs, weights clamped to it' },
  { name: 'clamped, min–max', what: 'all of the inputs, weights clamped to it' },
  { name: 'not clamped', what: 'all of the inputs and of the weights' },
] as const
type Way = (typeof ways)[number]['name']

const batchSize = 50

async function network(
  settings: Settings,
  digits: Digits,
  context: LabContext,
): Promise<{ model: Model; what: string }> {
  if (context.model) return { model: context.model, what: `${context.model.graph.name}, as given` }
  const fresh = freshLenet('adder', context.seed, digits.sets.train.classes.length)
  const plan = { ...settings, learningRate: 0.1, adaptiveRate: 0.2 }
  const { model } = await trainBriefly(fresh, digits, plan, context, (done) => progress(context, done * 0.4))
  return { model, what: `LeNet-5-BN, adder, trained on ${settings.trainImages} images in ${settings.epochs} epochs` }
}

/** Images of the size that the network takes. */
function loaderFor(model: Model, set: Digits['sets']['test'], indices: Int32Array): Loader {
  const type = graphInputs(model.graph)[0]?.type
  const size = type?.kind === 'tensor' ? type.shape?.[2] : undefined
  const transforms: Transform[] = typeof size === 'number' && size !== set.height ? [{ kind: 'resize', size }] : []
  return createLoader(subset(set, indices), { batchSize, training: false, transforms })
}

interface Calibrated {
  readonly analysis: Analysis
  ranges(bits: number, way: Way): Map<Node, InputRange>
}

/** Runs the network on some training images and keeps what its adder layers read. */
async function calibrated(model: Model, loader: Loader, context: LabContext): Promise<Calibrated> {
  const calibration = calibrate(model)
  const input = graphInputs(model.graph)[0]?.name as string
  const session = await openMeasured(calibration.model, context)
  try {
    for await (const batch of loader.epoch(0)) {
      const shape = [loader.batchSize, ...loader.shape]
      const outputs = await session.run(
        { [input]: hostTensor('float32', shape, batch.images) },
        { signal: context.signal },
      )
      calibration.observe((name) => {
        const output = outputs[name]
        return output ? hostValues(output) : batch.images
      })
    }
  } finally {
    await session.dispose()
  }
  return {
    analysis: calibration.analysis,
    ranges: (bits, way) => {
      const ranges = calibration.ranges(bits, way === 'clamped' ? 'mse' : 'minmax')
      if (way !== 'not clamped') return ranges
      return new Map([...ranges].map(([node, range]) => [node, withWeights(model, node, range)]))
    },
  }
}

function withWeights(model: Model, node: Node, { lo, hi }: InputRange): InputRange {
  const tensor = model.graph.initializers.get(node.inputs[1] ?? '')
  const weights = tensor ? tensorValues(tensor) : new Float64Array(0)
  return {
    lo: weights.reduce((a, b) => Math.min(a, b), lo),
    hi: weights.reduce((a, b) => Math.max(a, b), hi),
  }
}

export async function measure(settings: Settings, context: LabContext): Promise<Findings> {
  const digits = await context.digits()
  const { train, test } = digits.sets
  const { model, what } = await network(settings, digits, context)
  const { seed, threads = 1, runtime, signal } = context
  const running = { threads, signal, onNotice: () => {}, ...(runtime ? { runtime } : {}) }
  const loader = loaderFor(model, test, drawIndices(test, settings.testImages, seed))
  const { analysis, ranges } = await calibrated(
    model,
    loaderFor(model, train, drawIndices(train, settings.calibrationImages, seed)),
    context,
  )
  const exact = (await evaluate(model, loader, running)).accuracy
  const found = new Map<Way, { bits: number; accuracy: number; clamped: number }[]>(ways.map((w) => [w.name, []]))
  for (const [b, bits] of settings.bits.entries())
    for (const { name } of ways) {
      const { model: coded, layers } = quantizeAdderLayers(analysis, ranges(bits, name), bits)
      const { accuracy } = await evaluate(coded, loader, running)
      const weights = layers.reduce((sum, l) => sum + l.weights, 0)
      const clamped = layers.reduce((sum, l) => sum + l.clampedWeights, 0) / weights
      found.get(name)?.push({ bits, accuracy, clamped })
      await progress(context, 0.5 + (0.5 * (b + 1)) / settings.bits.length)
    }
  const at = (way: Way, bits: number) => found.get(way)?.find((f) => f.bits === bits)?.accuracy as number
  return {
    data: `${what}; ${digits.name}, ${loader.batches * batchSize} test images, ranges from ${settings.calibrationImages} training images`,
    tables: [
      {
        title: 'Accuracy on test images',
        columns: [
          { key: 'bits', header: 'Bits' },
          ...ways.map((w) => ({
            key: w.name,
            header: w.name[0]?.toUpperCase() + w.name.slice(1),
            kind: 'ratio' as const,
          })),
          { key: 'share', header: 'Weights clamped', kind: 'ratio' },
        ],
        rows: [
          ['float32', exact, exact, exact, ''],
          ...settings.bits.map((bits, b) => [
            String(bits),
            ...ways.map((w) => at(w.name, bits)),
            found.get('clamped')?.[b]?.clamped as number,
          ]),
        ],
        notes: ways.map((w) => `${w.name}: the range is ${w.what}.`),
      },
    ],
    charts: [
      {
        title: 'Accuracy by bits',
        xLabel: 'bits',
        yFormat: 'percent',
        series: [
          ...ways.map((w) => ({
            name: w.name,
            points: [...(found.get(w.name) ?? [])].reverse().map((f) => [f.bits, f.accuracy] as const),
          })),
          { name: 'float32', points: settings.bits.map((bits) => [bits, exact] as const).reverse() },
        ],
      },
    ],
    checks: [
      atLeast('Accuracy with 8 bits, clamped, less float32', -0.01, at('clamped', 8) - exact),
      atLeast('with 6 bits', -0.01, at('clamped', 6) - exact),
      atLeast('with 5 bits', -0.02, at('clamped', 5) - exact),
      control(atLeast('not clamped, with 3 bits', -0.02, at('not clamped', 3) - exact)),
      atLeast('With 3 bits: clamped less not clamped', 0.05, at('clamped', 3) - at('not clamped', 3)),
    ],
  }
}
