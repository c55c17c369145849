import { seedFrom } from '../../base/index.ts'
import type { Cell } from '../../report/index.ts'
import { createOptimiser, parameterGroups } from '../../train/index.ts'
import { atLeast, control, farthest, near } from '../checks.ts'
import type { Experiment, Findings, LabContext } from '../experiment.ts'
import { firstBatch, firstIteration, freshLenet, freshResnet } from '../first-iteration.ts'
import { progress } from '../progress.ts'
import { rootMeanSquare } from '../statistics.ts'
import { type TrainingPlan, trainBriefly } from '../training.ts'

interface Settings extends Omit<TrainingPlan, 'learningRate' | 'adaptiveRate' | 'choices'> {
  /** Images of the batch whose gradients are looked at. */
  readonly firstBatch: number
  /** Learning rates that the search tries. */
  readonly rates: readonly number[]
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
    const gradient = gradients.get(name) as Float32Array
    const value = new Float32Array(gradient.length)
    const optimiser = createOptimiser({ kind: 'sgd', momentum: 0, groups })
    // A weight of 0 that is updated at rate 1 is the update.
    optimiser.step([{ name, value, gradient: gradient.slice(), group }], 1)
    return {
      name: name.replace(/\.weight$/, ''),
      weights: gradient.length,
      channels: shape[0] as number,
      raw: rootMeanSquare(gradient),
      adaptive: rootMeanSquare(value),
    }
  })
}

export const adaptiveRate: Experiment<Settings> = {
  name: 'adaptive-rate',
  title: 'A learning rate for every layer',
  claim:
    'Scaled by $\\eta \\sqrt{k} / \\lVert g \\rVert_2$ the updates of all adder layers are of one size, and training gets farther than with any fixed rate.',
  derivation: [
    'The gradients of adder layers differ from each other and from those of ordinary layers by orders of magnitude (see gradient-norm). AdderNet gives every layer a learning rate of its own, from the norm of its gradient $g$ and its number of weights $k$:',
    '$$\\Delta W = \\gamma \\cdot \\alpha \\cdot g, \\quad \\alpha = \\frac{\\eta \\sqrt{k}}{\\lVert g \\rVert_2}$$',
    'The root mean square of $g$ is $\\lVert g \\rVert_2 / \\sqrt{k}$, so that the one of $\\alpha g$ is',
    '$$\\frac{\\eta \\sqrt{k}}{\\lVert g \\rVert_2} \\cdot \\frac{\\lVert g \\rVert_2}{\\sqrt{k}} = \\eta$$',
    'in every layer, whatever its size and whatever its gradient. Where the gradient points is left alone.',
  ],
  measures:
    'The size of the optimiser’s first update in every adder layer of ResNet-20, with the rule and without. Then LeNet-5-BN as an adder network trained three times alike but for the rate of its layers: by the rule, with the same learning rate for all, and with the best fixed learning rate of a search (each rate is a training of its own).',
  data: 'Digits of MNIST where they are given (`--data`), else generated pictures.',
  source: 'Chen et al., AdderNet, CVPR 2020, section 3.3, equations 12 and 13, figure 3',
  settings: {
    quick: { firstBatch: 8, trainImages: 1200, testImages: 500, epochs: 2, batchSize: 24, rates: [0.03, 1] },
    full: {
      firstBatch: 64,
      trainImages: 10_000,
      testImages: 10_000,
      epochs: 5,
      batchSize: 64,
      rates: [0.03, 0.3, 1, 3],
    },
  },
  duration: '10 s',

  async run(settings, context): Promise<Findings> {
    const digits = await context.digits()
    const layers = await updates(settings, context)
    const runs = [
      { name: 'adaptive', learningRate, adaptiveRate: eta as number | false },
      { name: `fixed, ${learningRate}`, learningRate, adaptiveRate: false as const },
      ...settings.rates.map((rate) => ({ name: `fixed, ${rate}`, learningRate: rate, adaptiveRate: false as const })),
    ]
    const results: { name: string; losses: readonly number[]; accuracies: readonly number[]; last: number }[] = []
    for (const [r, run] of runs.entries()) {
      const model = freshLenet('adder', context.seed, digits.sets.train.classes.length)
      const { losses, accuracies } = await trainBriefly(model, digits, { ...settings, ...run }, context, (done) =>
        progress(context, (r + done) / runs.length),
      )
      results.push({ name: run.name, losses, accuracies, last: accuracies.at(-1) as number })
    }
    const [adaptive, fixed, ...searched] = results as [(typeof results)[0], (typeof results)[0], ...typeof results]
    const tuned = [fixed, ...searched].reduce((a, b) => (b.last > a.last ? b : a))
    const worst = farthest(layers.map((l) => ({ predicted: eta, measured: l.adaptive })))
    const raw = layers.map((l) => l.raw)
    const spread = Math.max(...raw) / Math.min(...raw)
    return {
      data: `${digits.name}: ${settings.trainImages} training images, ${settings.epochs} epochs; tested on ${settings.testImages}`,
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
            { key: 'accuracy', header: 'Accuracy on test images', kind: 'ratio' },
          ],
          rows: results.map(({ name, losses, last }): Cell[] => [name, losses.at(-1) as number, last]),
        },
      ],
      charts: [
        {
          title: 'Accuracy on test images',
          xLabel: 'epoch',
          yFormat: 'percent',
          series: [adaptive, fixed, ...(tuned === fixed ? [] : [tuned])].map(({ name, accuracies }) => ({
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
      notes: [
        'A fixed rate is that of the classifier and of BatchNormalization, too: the search is over one rate for all layers.',
      ],
      checks: [
        near('Size of the adaptive update, the layer farthest from $\\eta$', eta, worst.measured, 1e-4),
        control(near('the bare gradients are of one size: largest by smallest', 1, spread, 1e-4)),
        atLeast('Accuracy: adaptive less the same learning rate for all', 0.1, adaptive.last - fixed.last),
        atLeast(`Accuracy: adaptive less the best fixed rate (${tuned.name})`, 0, adaptive.last - tuned.last),
      ],
    }
  },
}
