import { seededRandom, seedFrom, spreadOf } from '../../base/index.ts'
import { profileModel, type TotalCounts } from '../../cost/index.ts'
import type { Model } from '../../graph/index.ts'
import { shortNumber, type Table } from '../../report/index.ts'
import { hostTensor } from '../../runtime/index.ts'
import { atLeast, atMost, control } from '../checks.ts'
import { metricColumns, short } from '../designs.ts'
import type { Check, Digits, Findings, LabContext } from '../experiment.ts'
import { progress } from '../progress.ts'
import { type SmallDesign, type SmallNetwork, smallDesigns, smallNetwork } from '../small-networks.ts'
import { timesOf } from '../times.ts'
import { type TrainingPlan, trainBriefly } from '../training.ts'

export interface Settings
  extends Pick<TrainingPlan, 'trainImages' | 'testImages' | 'epochs' | 'batchSize'>,
    Pick<SmallNetwork, 'stages' | 'blocks' | 'stride'> {
  /** Of the ResNet, whose time (or number of operations) the others are given. */
  readonly width: number
  /** The widest that is tried. */
  readonly widest: number
  /** Each network is trained so many times from other weights. */
  readonly draws: number
  /** For a comparison of two networks' times; 0: nothing is timed, and networks of as many operations are compared. */
  readonly seconds: number
}

/** A network, as wide as its time allows. */
interface Row {
  readonly design: SmallDesign
  readonly width: number
  readonly totals: TotalCounts
  /** By the ResNet's, of what is to be equal. */
  readonly ratio: number
  readonly ms: number
  /** Of each draw. */
  readonly accuracies: readonly number[]
}

const titles: Readonly<Record<SmallDesign, string>> = {
  resnet: 'ResNet',
  mobilenet: 'MobileNetV2',
  fasternet: 'FasterNet',
  'adder-resnet': 'adder ResNet',
}

/** Widths are multiples of it: FasterNet convolves a quarter. */
const step = 4

/** As the experiments on adder networks have them. */
const rates: Readonly<Record<SmallDesign, Pick<TrainingPlan, 'learningRate' | 'adaptiveRate'>>> = {
  resnet: { learningRate: 0.1 },
  mobilenet: { learningRate: 0.1 },
  fasternet: { learningRate: 0.1 },
  'adder-resnet': { learningRate: 0.1, adaptiveRate: 0.2 },
}

export async function measure(settings: Settings, context: LabContext): Promise<Findings> {
  const images = await (context.images ?? context.digits)()
  const sizes = sizesFor(settings, images)
  const found: Omit<Row, 'accuracies'>[] = []
  for (const design of smallDesigns) {
    found.push(await widthFor(design, sizes, settings, context))
    await progress(context, (0.2 * found.length) / smallDesigns.length)
  }
  const rows: Row[] = []
  for (const row of found) {
    const accuracies: number[] = []
    for (let draw = 0; draw < settings.draws; draw++) {
      const seed = seedFrom(context.seed, `draw ${draw}`)
      const model = smallNetwork(row.design, { ...sizes, width: row.width, seed })
      const plan = { ...settings, ...rates[row.design] }
      const done = rows.length * settings.draws + draw
      const trained = await trainBriefly(model, images, plan, { ...context, seed }, (part) =>
        progress(context, 0.2 + (0.8 * (done + part)) / (found.length * settings.draws)),
      )
      accuracies.push(trained.accuracies.at(-1)!)
    }
    rows.push({ ...row, accuracies })
  }
  return findings(settings, rows, images)
}

function sizesFor({ width, stages, blocks, stride }: Settings, { sets }: Digits): SmallNetwork {
  const { channels, height, classes } = sets.train
  return { width, stages, blocks, stride, inChannels: channels, inputSize: height, classes: classes.length, seed: 0 }
}

/** The width whose time, or number of operations where nothing is timed, is nearest to the ResNet's. */
async function widthFor(
  design: SmallDesign,
  sizes: SmallNetwork,
  settings: Settings,
  context: LabContext,
): Promise<Omit<Row, 'accuracies'>> {
  const reference = smallNetwork('resnet', sizes)
  const tried = new Map<number, { readonly ratio: number; readonly ms: number }>()
  const tryWidth = async (width: number) => {
    const model = smallNetwork(design, { ...sizes, width })
    const ratio = await ratioOf(model, reference, sizes, settings, context)
    tried.set(width, ratio)
    return ratio.ratio
  }
  if (design === 'resnet') await tryWidth(sizes.width)
  else {
    let [low, high] = [0, settings.widest / step]
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if ((await tryWidth(middle * step)) < 1) low = middle
      else high = middle
    }
    // The end that the search never asked for.
    for (const end of [low, high]) if (end > 0 && !tried.has(end * step)) await tryWidth(end * step)
  }
  const off = ({ ratio }: { readonly ratio: number }) => Math.abs(Math.log(ratio))
  const [width, best] = [...tried].reduce((a, b) => (off(b[1]) < off(a[1]) ? b : a))
  return { design, width, ...best, totals: profileModel(smallNetwork(design, { ...sizes, width })).totals }
}

async function ratioOf(
  model: Model,
  reference: Model,
  { inChannels, inputSize }: SmallNetwork,
  { seconds }: Settings,
  context: LabContext,
): Promise<{ readonly ratio: number; readonly ms: number }> {
  if (seconds === 0) {
    return { ratio: workOf(profileModel(model).totals) / workOf(profileModel(reference).totals), ms: Number.NaN }
  }
  const random = seededRandom(seedFrom(context.seed, 'image'))
  const x = Float32Array.from({ length: inChannels * inputSize ** 2 }, random.normal)
  const feeds = { input: hostTensor('float32', [1, inChannels, inputSize, inputSize], x) }
  const { medianMs } = await timesOf([model, reference], feeds, seconds, { ...context, peers: undefined })
  return { ratio: medianMs[0]![0]! / medianMs[1]![0]!, ms: medianMs[0]![0]! }
}

/** Pairs of operations: a product and an addition, or the two additions of an L1 distance, which counts no MACs. */
const workOf = ({ adds, muls }: TotalCounts): number => (adds + muls) / 2

function findings(settings: Settings, rows: readonly Row[], images: Digits): Findings {
  const { seconds, trainImages, testImages, epochs, draws, stages, blocks } = settings
  const equal = seconds > 0 ? 'time' : 'operations'
  const extremes = (of: (row: Row) => number) => Math.max(...rows.map(of)) / Math.min(...rows.map(of))
  const mean = (row: Row) => spreadOf(row.accuracies).mean
  const best = rows.reduce((a, b) => (mean(b) > mean(a) ? b : a))
  const chance = 1 / images.sets.test.classes.length
  const off = rows.map((r) => Math.exp(Math.abs(Math.log(r.ratio))) - 1)
  const checks: Check[] = [
    // Widths are multiples of 4: narrow networks cannot be nearer.
    atMost(`${equal} of a design, off the ResNet’s by at most`, step / settings.width, Math.max(...off)),
    atLeast('The worst network’s accuracy by that of guessing', 2, Math.min(...rows.map(mean)) / chance),
    atLeast(
      `Most parameters by fewest, at equal ${equal}`,
      1.3,
      extremes((r) => r.totals.params),
    ),
    control(
      atMost(
        `Equal ${equal} is equal memory accesses: most by fewest`,
        1.1,
        extremes((r) => r.totals.accesses),
      ),
    ),
  ]
  return {
    data: `networks of ${stages} stages of ${blocks}, ${trainImages} images of ${images.name} in ${epochs} epochs, ${testImages} to test, ${draws} draws`,
    tables: [accuracyTable(rows, equal, seconds > 0)],
    charts: [
      {
        title: `Accuracy by the parameters of networks alike in ${equal}`,
        xLabel: 'parameters',
        yFormat: 'percent',
        xScale: 'log',
        series: rows.map((r) => ({
          name: titles[r.design],
          mark: 'points' as const,
          points: r.accuracies.map((a): [number, number] => [r.totals.params, a]),
        })),
      },
    ],
    checks,
    notes: [
      `Best at equal ${equal}: ${titles[best.design]}, ${shortNumber(100 * mean(best))} %${leadOf(best, rows, mean)}.`,
      'The adder network runs in float32 here; in codes of 8 bits or fewer it is faster, and could be wider (quantisation, speed).',
    ],
  }
}

/** By how much the best is ahead, and whether that is more than draws differ. */
function leadOf(best: Row, rows: readonly Row[], mean: (row: Row) => number): string {
  const next = rows.filter((r) => r !== best).reduce((a, b) => (mean(b) > mean(a) ? b : a))
  const lead = mean(best) - mean(next)
  const spread = Math.max(...[best, next].map(({ accuracies }) => spreadOf(accuracies).deviation))
  const text = `, ${shortNumber(100 * lead)} points before ${titles[next.design]}`
  if (best.accuracies.length < 2) return `${text}; one draw says nothing about chance`
  return `${text}; draws of one network deviate by ${shortNumber(100 * spread)}`
}

const accuracyTable = (rows: readonly Row[], equal: string, isTimed: boolean): Table => ({
  title: `Small networks of equal ${equal}`,
  columns: [
    { key: 'design', header: 'Design' },
    { key: 'width', header: 'Width' },
    ...metricColumns,
    { key: 'ratio', header: `${equal} ÷`, kind: 'ratio' },
    ...(isTimed ? [{ key: 'ms', header: 'ms', kind: 'ratio' as const }] : []),
    { key: 'accuracy', header: 'Accuracy', kind: 'ratio' },
    { key: 'deviation', header: '±', kind: 'ratio' },
  ],
  rows: rows.map(({ design, width, totals, ratio, ms, accuracies }) => {
    const { mean, deviation } = spreadOf(accuracies)
    return [
      ...[titles[design], width, totals.macs, totals.params, totals.accesses, short(ratio)],
      ...(isTimed ? [short(ms)] : []),
      ...[short(mean), accuracies.length > 1 ? short(deviation) : ''],
    ]
  }),
  notes: [`÷: by the ResNet’s ${equal}. ±: deviation of the draws.`],
})
