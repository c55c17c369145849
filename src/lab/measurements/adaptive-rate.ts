import { seedFrom } from '../../base/index.ts'
import type { Model } from '../../graph/index.ts'
import { type Cell, shortNumber } from '../../report/index.ts'
import { createOptimiser, parameterGroups } from '../../train/index.ts'
import { atLeast, control, farthest, near } from '../checks.ts'
import type { Digits, Findings, LabContext } from '../experiment.ts'
import { firstBatch, firstIteration, freshLenet, freshResnet } from '../first-iteration.ts'
import { progress } from '../progress.ts'
import { rootMeanSquare } from '../statistics.ts'
import { type TrainingPlan, testAccuracy, trainBriefly } from '../training.ts'

export interface Settings extends Omit<TrainingPlan, 'learningRate' | 'adaptiveRate' | 'adderRate' | 'choices'> {
  /** Images of the batch whose gradients are looked at. */
  readonly firstBatch: number
  /** Rates for all layers of the network that are tried. */
  readonly commonRates: readonly number[]
  /** Rates for adder layers alone that are tried first, as multiples of the learning rate of the others. */
  readonly multiples: readonly number[]
  /** Times that the best multiple's neighbours are tried, each time half as far away in the logarithm. */
  readonly refinements: number
  /** Rounds in which the rate of each adder layer is moved alone. */
  readonly rounds: number
}

/** Of the public code. */
const eta = 0.2
const learningRate = 0.1

interface LayerUpdate {
  readonly name: string
  readonly weights: number
  readonly channels: number
  readonly raw: number
  readonly adaptive: number
}

/** Root mean square of the gradient and of the optimiser's update, per adder layer of ResNet-20. */
async function updates(settings: Settings, context: LabContext): Promise<LayerUpdate[]> {
  const seed = seedFrom(context.seed, 'updates')
  const batch = await firstBatch(await context.digits(), settings.firstBatch, seed)
  const { graph, gradients } = await firstIteration(freshResnet('adder', seed, batch.classes), batch, context)
  const adders = graph.weights.filter((w) => w.group === 'adder' && !w.name.includes('downsample'))
  const groups = parameterGroups({ adaptiveRate: eta })
  return adders.map(({ name, shape, group }) => {
    const gradient = gradients.get(name)!
    const value = new Float32Array(gradient.length)
    const optimiser = createOptimiser({ kind: 'sgd', momentum: 0, groups })
    // A weight of 0 that is updated at rate 1 is the update.
    optimiser.step([{ name, value, gradient: gradient.slice(), group }], 1)
    return {
      name: name.replace(/\.weight$/, ''),
      weights: gradient.length,
      channels: shape[0]!,
      raw: rootMeanSquare(gradient),
      adaptive: rootMeanSquare(value),
    }
  })
}

const adderLayers = ['conv2', 'conv3', 'conv4'] as const

/** Rates of the three adder layers, as multiples of the learning rate. */
type Multiples = readonly [number, number, number]

interface Run {
  readonly name: string
  readonly kind: 'adaptive' | 'common' | 'adder' | 'layers'
  readonly losses: readonly number[]
  /** On validation images, which is what the search goes by. */
  readonly accuracies: readonly number[]
  readonly last: number
  readonly model: Model
}

/** Trains the same network from the same seed on the same batches, but for the rates. */
class Search {
  readonly runs: Run[] = []
  readonly #settings: Settings
  readonly #digits: Digits
  readonly #context: LabContext
  readonly #tried = new Map<string, Run>()
  readonly #most: number

  constructor(settings: Settings, digits: Digits, context: LabContext) {
    this.#settings = settings
    this.#digits = digits
    this.#context = context
    const { commonRates, multiples, refinements, rounds } = settings
    this.#most = 2 + commonRates.length + multiples.length + 2 * refinements + 2 * rounds * adderLayers.length
  }

  adaptive(): Promise<Run> {
    return this.#train('adaptive', 'adaptive', { learningRate, adaptiveRate: eta })
  }

  /** One rate for all layers. */
  common(rate: number): Promise<Run> {
    return this.#train(`${rate} for all layers`, 'common', { learningRate: rate, adaptiveRate: false })
  }

  /** Rates of the adder layers; all others have the usual one. */
  async layers(multiples: Multiples): Promise<Run> {
    const rates = multiples.map((m) => shortNumber(m * learningRate))
    const same = new Set(rates).size === 1
    const name = same ? `${rates[0]} for adder layers` : `${rates.join(', ')} for the three adder layers`
    const found = this.#tried.get(name)
    if (found) return found
    const adderRate = (weight: string) => multiples[adderLayers.findIndex((l) => weight.startsWith(`${l}.`))] ?? 1
    const run = await this.#train(name, same ? 'adder' : 'layers', { learningRate, adaptiveRate: false, adderRate })
    this.#tried.set(name, run)
    return run
  }

  /** The best of one rate for all adder layers: a grid, then neighbours of the best, nearer and nearer. */
  async best(): Promise<Multiples> {
    const all = (m: number): Multiples => [m, m, m]
    const { multiples, refinements } = this.#settings
    let best = all(multiples[0]!)
    let highest = -1
    const attempt = async (m: number) => {
      const { last } = await this.layers(all(m))
      if (last > highest) [best, highest] = [all(m), last]
    }
    for (const m of multiples) await attempt(m)
    for (let r = 1; r <= refinements; r++) {
      const [center] = best
      for (const direction of [-1, 1]) await attempt(center * 10 ** (direction / 2 ** r))
    }
    return best
  }

  /** Coordinate descent from there: one layer's rate up or down by √10, kept where it helps. */
  async descend(from: Multiples): Promise<void> {
    let best = from
    let { last: highest } = await this.layers(from)
    for (let round = 0; round < this.#settings.rounds; round++)
      for (let layer = 0; layer < adderLayers.length; layer++)
        for (const direction of [-1, 1]) {
          const moved: [number, number, number] = [...best]
          moved[layer]! *= 10 ** (direction / 2)
          const { last } = await this.layers(moved)
          if (last > highest) {
            ;[best, highest] = [moved, last]
            break
          }
        }
  }

  async #train(
    name: string,
    kind: Run['kind'],
    rates: Pick<TrainingPlan, 'learningRate' | 'adaptiveRate' | 'adderRate'>,
  ) {
    const { seed } = this.#context
    const model = freshLenet('adder', seed, this.#digits.sets.train.classes.length)
    const plan = { ...this.#settings, ...rates }
    const {
      losses,
      accuracies,
      model: trained,
    } = await trainBriefly(model, this.#digits, plan, this.#context, (done) =>
      progress(this.#context, Math.min(1, (this.runs.length + done) / this.#most)),
    )
    const run = { name, kind, losses, accuracies, last: accuracies.at(-1)!, model: trained }
    this.runs.push(run)
    return run
  }
}

export async function measure(settings: Settings, context: LabContext): Promise<Findings> {
  const digits = await context.digits()
  const layers = await updates(settings, context)
  const search = new Search(settings, digits, context)
  const adaptive = await search.adaptive()
  const fixed = await search.common(learningRate)
  for (const rate of settings.commonRates) await search.common(rate)
  await search.descend(await search.best())
  const results = search.runs
  const bestOf = (...kinds: Run['kind'][]) =>
    results.filter((r) => kinds.includes(r.kind)).reduce((a, b) => (b.last > a.last ? b : a))
  const common = bestOf('common')
  const tuned = bestOf('adder', 'layers')
  const tests = new Map<Run, number>()
  for (const run of new Set([adaptive, fixed, common, tuned]))
    tests.set(run, await testAccuracy(run.model, digits, settings, context))
  const test = (run: Run) => tests.get(run)!
  const worst = farthest(layers.map((l) => ({ predicted: eta, measured: l.adaptive })))
  const raw = layers.map((l) => l.raw)
  const spread = Math.max(...raw) / Math.min(...raw)
  return {
    data: `${digits.name}: ${settings.trainImages} training images, ${settings.epochs} epochs; chosen on ${settings.validationImages} others, tested on ${settings.testImages}`,
    tables: [
      {
        title: 'Root mean square of the first update, layer by layer',
        columns: [
          { key: 'layer', header: 'Layer of ResNet-20' },
          { key: 'channels', header: 'Channels', kind: 'count' },
          { key: 'weights', header: 'Weights k', kind: 'count' },
          { key: 'raw', header: 'Gradient', kind: 'ratio' },
          { key: 'adaptive', header: 'Adaptive', kind: 'ratio' },
        ],
        rows: layers.map((l): Cell[] => [l.name, l.channels, l.weights, l.raw, l.adaptive]),
      },
      {
        title: 'Training',
        columns: [
          { key: 'run', header: 'Rate of adder layers' },
          { key: 'loss', header: 'Loss, last epoch', kind: 'ratio' },
          { key: 'validation', header: 'Validation accuracy', kind: 'ratio' },
          { key: 'test', header: 'Test accuracy', kind: 'ratio' },
        ],
        rows: results.map((run): Cell[] => [run.name, run.losses.at(-1)!, run.last, tests.get(run) ?? '']),
        notes: [
          `The other layers have the rate ${learningRate} where a rate is for adder layers. ${results.length - 1} fixed rates were tried, each a training of its own. Validation images choose; the test images are looked at with the best of each kind alone.`,
        ],
      },
    ],
    charts: [
      {
        title: 'Accuracy on validation images',
        xLabel: 'epoch',
        yFormat: 'percent',
        series: [adaptive, fixed, ...(common === fixed ? [] : [common]), tuned].map(({ name, accuracies }) => ({
          name,
          points: [[0, 0.1] as const, ...accuracies.map((a, e) => [e + 1, a] as const)],
        })),
      },
      {
        title: 'Root mean square of the first update, by layer (logarithmic)',
        xLabel: 'adder layer',
        yScale: 'log',
        series: [
          { name: 'adaptive', points: layers.map((l, i) => [i + 1, l.adaptive] as const) },
          { name: 'gradient', points: layers.map((l, i) => [i + 1, l.raw] as const) },
        ],
      },
    ],
    checks: [
      near('Size of the adaptive update, the layer farthest from $\\eta$', eta, worst.measured, 1e-4),
      control(near('the bare gradients are of one size: largest by smallest', 1, spread, 1e-4)),
      atLeast('Test accuracy: adaptive less the same learning rate for all', 0.1, test(adaptive) - test(fixed)),
      atLeast(
        `Test accuracy: adaptive less the best rate for all layers (${common.name})`,
        0.1,
        test(adaptive) - test(common),
      ),
      atLeast(
        `Test accuracy: adaptive less the best of a search for adder layers (${tuned.name})`,
        -0.02,
        test(adaptive) - test(tuned),
      ),
    ],
  }
}
