import { momentsOf, namePattern, seededRandom, seedFrom } from '../../base/index.ts'
import { evaluateFormulas, formulas, profileModel } from '../../cost/index.ts'
import type { Model } from '../../graph/index.ts'
import { buildBlock } from '../../nets/index.ts'
import { measureStatistics, type RewriteResult, rewriteModel } from '../../rewrite/index.ts'
import { type Feeds, hostTensor } from '../../runtime/index.ts'
import { withFreshWeights } from '../../train/index.ts'
import { atLeast, atMost, control, equal, near } from '../checks.ts'
import { type Design, designOf, exactness, metricColumns, short, timeCells, timeColumns } from '../designs.ts'
import { digitNet } from '../digit-nets.ts'
import { drawIndices, pixelsOf } from '../digits.ts'
import type { Check, Digits, Findings, LabContext } from '../experiment.ts'
import { progress } from '../progress.ts'
import { runOnce } from '../running.ts'
import { type Times, timesOf } from '../times.ts'
import { type TrainingPlan, testAccuracy, trainBriefly } from '../training.ts'

export interface Settings extends Pick<TrainingPlan, 'trainImages' | 'testImages' | 'epochs' | 'batchSize'> {
  /** Of the layer that is counted and timed. */
  readonly channels: number
  /** Its height and width. */
  readonly size: number
  /** For times; 0: none are measured. */
  readonly seconds: number
  /** Channels of the first stage of the networks that are trained. */
  readonly width: number
  /** Branches of the networks that a trained one becomes; the first is trained. */
  readonly ranks: readonly number[]
  /** Everything is trained so many times from other weights. */
  readonly draws: number
}

const kernel = 3
/** That statistics are measured on. */
const statisticsImages = 128

/** A network, what it costs, and how often it was right in each draw. */
interface Row {
  readonly name: string
  readonly macs: number
  /** ‖W − W′‖ ÷ ‖W‖, mean of the layers and draws; of those that come from a trained network. */
  readonly weightError?: number
  /** Without further training. */
  readonly before?: readonly number[]
  /** Behind it. */
  readonly after?: readonly number[]
}

/** What one draw gave, by the names of the rows. */
type Draw = ReadonlyMap<
  string,
  { readonly macs: number; readonly weightError?: number; readonly before?: number; readonly after?: number }
>

export async function measure(settings: Settings, context: LabContext): Promise<Findings> {
  const { channels, size, seconds, draws } = settings
  const seed = seedFrom(context.seed, 'layers')
  const designs = (['regular', 'separable', 'depthwise', 'pointwise'] as const).map((name) =>
    designOf(name, { channels, size, kernel }, seed),
  )
  const models = designs.map((d) => d.model)
  const times = seconds > 0 ? await timesOf(models, inputOf(settings, context.seed), seconds, context) : undefined
  const digits = await context.digits()
  const found: Draw[] = []
  let full = Number.NaN
  for (let draw = 0; draw < draws; draw++) {
    const own = { ...context, seed: seedFrom(context.seed, `draw ${draw}`) }
    const step = (part: number) => progress(context, (draw + part) / draws)
    const trained = await trainAll(settings, digits, own, step)
    found.push(trained.rows)
    full = trained.full
  }
  return findings(settings, designs, times, rowsOf(found), full, digits.name)
}

function inputOf({ channels, size }: Settings, seed: number): Feeds {
  const random = seededRandom(seedFrom(seed, 'x'))
  const x = Float32Array.from({ length: channels * size * size }, random.normal)
  return { input: hostTensor('float32', [1, channels, size, size], x) }
}

const names = {
  regular: 'regular',
  longer: 'regular, twice as long',
  mobile: 'separable as in MobileNet',
  fresh: 'separable, drawn anew',
  from: (rank: number) => `separable from it, r = ${rank}`,
} as const

/** All networks from one draw. */
async function trainAll(
  settings: Settings,
  digits: Digits,
  context: LabContext,
  onStep: (part: number) => Promise<void>,
): Promise<{ readonly rows: Draw; readonly full: number }> {
  const { width, ranks } = settings
  const classes = digits.sets.test.classes.length
  const options = { width, classes, seed: context.seed }
  const plan = { ...settings, learningRate: 0.05 }
  const trainings = 5
  let done = 0
  const train = async (model: Model) => {
    const result = await trainBriefly(model, digits, plan, context, (part) => onStep((done + part) / trainings))
    done++
    return { model: result.model, after: result.accuracies.at(-1)! }
  }
  const rows = new Map<string, { macs: number; weightError?: number; before?: number; after?: number }>()
  const macs = (model: Model) => profileModel(model).totals.macs
  const regular = await train(digitNet({ kind: 'regular' }, options))
  rows.set(names.regular, { macs: macs(regular.model), after: regular.after })
  rows.set(names.longer, {
    macs: macs(regular.model),
    before: regular.after,
    after: (await train(regular.model)).after,
  })
  const mobile = digitNet({ kind: 'separable' }, options)
  rows.set(names.mobile, { macs: macs(mobile), after: (await train(mobile)).after })
  const layers = namePattern('layer*')
  for (const [i, rank] of ranks.entries()) {
    const made = await rewriteModel(regular.model, 'separable', { layers, settings: { rank } })
    const measured = await withStatistics(made, digits, context)
    const row = {
      macs: macs(made.model),
      weightError: errorOf(made),
      before: await testAccuracy(measured, digits, settings, context),
    }
    if (i > 0) rows.set(names.from(rank), row)
    else {
      const fresh = await train(withFreshWeights(made.model, { shape: [1, 28, 28], seed: context.seed }))
      rows.set(names.fresh, { macs: row.macs, after: fresh.after })
      rows.set(names.from(rank), { ...row, after: (await train(made.model)).after })
    }
  }
  const widest = await rewriteModel(regular.model, 'separable', { layers, target: { energy: 1 } })
  return { rows, full: await difference(regular.model, widest.model, digits, context) }
}

const errorOf = ({ swapped }: RewriteResult): number => momentsOf(swapped.map((l) => l.weightError ?? Number.NaN)).mean

/** With means and variances behind the new layers measured on images, which takes no labels. */
async function withStatistics(made: RewriteResult, digits: Digits, context: LabContext): Promise<Model> {
  const { train } = digits.sets
  const data = await pixelsOf(train, drawIndices(train, statisticsImages, context.seed))
  const shape = [data.length / 784, 1, 28, 28]
  const behind = new Set(made.swapped.flatMap((layer) => layer.nodes))
  return measureStatistics(made.model, { shape, data }, { ...context, behind, onNotice: () => {}, progress: undefined })
}

/** How far two networks' outputs are from each other on a few images, as a part of the largest. */
async function difference(a: Model, b: Model, digits: Digits, context: LabContext): Promise<number> {
  const { test } = digits.sets
  const x = await pixelsOf(test, drawIndices(test, 16, context.seed))
  const feeds = { input: hostTensor('float32', [x.length / 784, 1, 28, 28], x) }
  const [before, after] = await Promise.all(
    [a, b].map(async (m) => [...(await runOnce(m, feeds, context)).values()][0]!),
  )
  const largest = before!.reduce((most, v) => Math.max(most, Math.abs(v)), 0)
  return before!.reduce((most, v, i) => Math.max(most, Math.abs(v - after![i]!)), 0) / largest
}

/** The draws' accuracies together. */
const rowsOf = (draws: readonly Draw[]): Row[] =>
  [...draws[0]!].map(([name, { macs, weightError }]): Row => {
    const own = draws.map((d) => d.get(name)!)
    const of = (key: 'before' | 'after') => (own[0]![key] === undefined ? undefined : own.map((o) => o[key]!))
    return {
      ...{ name, macs },
      ...(weightError === undefined ? {} : { weightError: momentsOf(own.map((o) => o.weightError!)).mean }),
      ...{ before: of('before'), after: of('after') },
    }
  })

function findings(
  { channels, size, ranks, trainImages, testImages, epochs, draws, width }: Settings,
  designs: readonly Design[],
  times: Times | undefined,
  rows: readonly Row[],
  full: number,
  digits: string,
): Findings {
  const [regular, apart] = designs as readonly [Design, Design]
  const fused = fusedCosts(channels, size)
  const row = (name: string) => rows.find((r) => r.name === name)!
  const mean = (values: readonly number[] | undefined) => momentsOf(values ?? []).mean
  const [first] = ranks as readonly [number]
  const widening = ranks.map((rank) => row(names.from(rank)))
  const checks: Check[] = [
    exactness(designs),
    equal('Accesses of both layers in one, as counted, less the formula', 0, fused.counted - fused.formula),
    near(
      'MACs by those of the regular convolution: 1/C + 1/k²',
      1 / channels + 1 / kernel ** 2,
      apart.counted.macs / regular.counted.macs,
      1e-9,
    ),
    atMost('Every branch there is: outputs differ from the regular network’s by', 1e-4, full),
    atMost(
      'A weight error that grows with more branches, times',
      0,
      widening.filter((r, i) => i > 0 && r.weightError! > widening[i - 1]!.weightError!).length,
    ),
    atLeast(
      `r = ${first}, trained: accuracy, less that of the same layers drawn anew`,
      0,
      mean(row(names.from(first)).after) - mean(row(names.fresh).after),
    ),
    ...(times?.runtimes ?? []).map((name, r) =>
      atMost(`${name}: separable by regular, time`, 1, times!.fastestMs[1]![r]! / times!.fastestMs[0]![r]!),
    ),
    control(
      atLeast(
        `r = ${first}, not trained: accuracy, less that of the regular network`,
        -0.01,
        mean(row(names.from(first)).before) - mean(row(names.regular).after),
      ),
    ),
  ]
  return {
    data: `layers of ${channels} channels, ${size}×${size}, k = ${kernel}; networks of ${width} and ${2 * width} channels, ${trainImages} images of ${digits} in ${epochs} epochs, ${testImages} to test, ${draws} draws`,
    tables: [
      {
        title: 'What it costs',
        columns: [
          { key: 'design', header: 'Design' },
          ...metricColumns,
          { key: 'ratio', header: 'MACs ÷', kind: 'ratio' },
          { key: 'accessesRatio', header: 'acc. ÷', kind: 'ratio' },
          ...(times ? timeColumns(times.runtimes) : []),
        ],
        rows: [
          ...designs.map(({ name, counted }, i) => [
            ...[name, counted.macs, counted.params, counted.accesses],
            ...[counted.macs / regular.counted.macs, counted.accesses / regular.counted.accesses].map(short),
            ...(times ? timeCells(counted.macs, times, i) : []),
          ]),
          [
            ...['separable, in one pass', apart.counted.macs, apart.counted.params, fused.counted],
            ...[apart.counted.macs / regular.counted.macs, fused.counted / regular.counted.accesses].map(short),
            ...(times ? times.runtimes.flatMap(() => ['', '']) : []),
          ],
        ],
        notes: ['÷: by the regular convolution. In one pass: counted so; no runtime here is asked to do so.'],
      },
      {
        title: 'What is learnt',
        columns: [
          { key: 'network', header: 'Network' },
          { key: 'macs', header: 'MACs', kind: 'count' },
          { key: 'error', header: '‖W−W′‖ ÷ ‖W‖', kind: 'ratio' },
          { key: 'before', header: 'Untrained', kind: 'ratio' },
          { key: 'after', header: 'Trained', kind: 'ratio' },
          { key: 'spread', header: 'Spread', optional: true },
        ],
        rows: rows.map((r) => [
          ...[r.name, r.macs, r.weightError === undefined ? '' : short(r.weightError)],
          ...[r.before, r.after].map((v) => (v ? mean(v) : '')),
          spreadText(r.after ?? r.before),
        ]),
        notes: [
          'Accuracy on test images. Untrained: statistics of normalisations measured anew, without labels. Trained: all from there in the same number of epochs.',
        ],
      },
    ],
    charts: [
      {
        title: 'Accuracy without training, by branches',
        xLabel: 'r',
        yFormat: 'percent',
        series: [
          { name: 'separable', points: ranks.map((rank, i): [number, number] => [rank, mean(widening[i]!.before)]) },
          { name: 'regular', points: ranks.map((rank): [number, number] => [rank, mean(row(names.regular).after)]) },
        ],
      },
    ],
    checks,
  }
}

const spreadText = (values: readonly number[] = []): string =>
  values.length < 2 ? '' : `${Math.min(...values).toFixed(3)} to ${Math.max(...values).toFixed(3)}`

/** Accesses of both layers as one, as the counter has them and by formula. */
function fusedCosts(channels: number, size: number): { readonly counted: number; readonly formula: number } {
  const model = buildBlock('separable', { inChannels: channels, inputSize: size, kernel, bare: true })
  const { accesses } = profileModel(model, { fused: true }).totals
  const letters = { H: size, W: size, C: channels, k: kernel, g: 1, n: 1, t: 1, r: 1 }
  const [row] = evaluateFormulas(
    formulas().filter((f) => f.key === 'separable-fused'),
    letters,
  )
  return { counted: accesses, formula: row!.costs!.accesses }
}
