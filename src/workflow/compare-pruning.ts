import {
  checkAborted,
  getOrAdd,
  rankCorrelation,
  type Spread,
  spreadOf,
  stoppable,
  type Task,
  turns,
} from '../base/index.ts'
import { profileModel } from '../cost/index.ts'
import { createLoader, type DataSets, type ImageSet, splitSet, type Transform } from '../data/index.ts'
import type { Model } from '../graph/index.ts'
import { type ModelSource, modelOf } from '../onnx/index.ts'
import {
  type ChannelScores,
  type Criterion,
  criteria as catalogue,
  criterionFrom,
  criterionOf,
  type PruneOptions,
  type PruneResult,
  pruneModel,
  type RecoverOptions,
  recover,
  scoreChannels,
} from '../prune/index.ts'
import type { RunningOptions } from '../runtime/index.ts'
import {
  type CommonOptions,
  createSchedule,
  createTrainer,
  evaluate,
  type OptimiserOptions,
  parameterGroups,
  type ScheduleOptions,
  train,
  withCrossEntropy,
  withFreshWeights,
} from '../train/index.ts'
import { type CellStore, keptOrMade, modelChecksum } from './cells.ts'
import { evaluationLoader, fixedBatch, imagesFor, type ModelImages } from './images.ts'

/*
 * One harness for all methods: the same starting weights, the same budget of MACs, the same images, the same fine-tuning in the same order of images.
 * Published comparisons differ in all of these, and a network of the cut shape that is trained from scratch is often as good (Liu et al., ICLR 2019):
 * rows for that, for chance, and for the network as it is with the same fine-tuning stand beside the criteria.
 */

/** How long and how a network is trained. */
export interface ComparedTraining {
  /** Behind which epochs accuracy is measured, ascending; the last one ends the training. */
  readonly epochs: readonly number[]
  /** The highest one; the schedule goes from there. */
  readonly learningRate: number
}

/** What is compared, and on what. */
export interface PruningComparisonOptions extends RunningOptions, Pick<PruneOptions, 'keep' | 'inputs'> {
  /** What is removed; `filter` by default. */
  readonly methods?: readonly ('filter' | 'neuron')[]
  /** By name, or of one's own. All that there are by default. */
  readonly criteria?: readonly (string | Criterion)[]
  /** Parts of the MACs that stay, each in (0, 1). */
  readonly budgets: readonly number[]
  /** Each draws images, their order, and what criteria draw: everything is done once for each. */
  readonly seeds: readonly number[]
  /** Images to learn from and to score with, and those that accuracy is measured on. */
  readonly data: Pick<DataSets, 'train' | 'test'>
  /** Of images; random ones in training only. None by default. */
  readonly transforms?: readonly Transform[]
  /** How many training images criteria and recovery look at. 64 by default. */
  readonly images?: number
  /** Of every cut network, and of the network as it was given. Default: none, and no row for the network as it was given. */
  readonly fineTuning?: ComparedTraining
  /** Of the cut shape with fresh weights: the epochs that the given network has had, and those of fine-tuning. Default: no such row. */
  readonly scratch?: ComparedTraining
  /** Images in a step. 64 by default. */
  readonly batchSize?: number
  /** SGD with momentum 0.9 and weight decay 0.0005 by default. */
  readonly optimiser?: OptimiserOptions & CommonOptions
  /** Cosine to 0 by default. */
  readonly schedule?: ScheduleOptions
  /** How channels are ranked and rounded: the same ratio of every group by default, which gives all criteria the same shape. */
  readonly scope?: NonNullable<PruneOptions['target']>['scope']
  /** Which steps bring a cut network back without labels; accuracy is measured behind them, and training starts from there. 'auto' by default; false: none. */
  readonly recovery?: RecoverOptions['steps'] | false
  /** Keeps what is done, so that a comparison that was stopped goes on. */
  readonly cells?: CellStore
}

/** One network of the comparison, with what was measured. */
export interface ComparedNetwork {
  /** Multiplications with addition, for one image. */
  readonly macs: number
  /** Learnable numbers. */
  readonly params: number
  /** Before anything is repaired or trained, 0..1. Absent for fresh weights, which have learnt nothing. */
  readonly cut?: number
  /** Behind the repair without labels, likewise. */
  readonly recovered?: number
  /** Behind epochs of training, likewise. */
  readonly trained: readonly {
    /** How many. */
    readonly epochs: number
    /** 0..1 */
    readonly accuracy: number
  }[]
}

/** A method at one budget, over all seeds. */
export interface ComparedMethod {
  /** The criterion's name; `scratch`: the shape of the cut network, trained from fresh weights; `unpruned`: the given network, trained as the others. */
  readonly method: string
  /** Part of the MACs that was to stay; 1 for `unpruned`. */
  readonly budget: number
  /** Of the networks. */
  readonly macs: Spread
  /** Of the networks. */
  readonly params: Spread
  /** As `ComparedNetwork.cut`. */
  readonly cut?: Spread
  /** As `ComparedNetwork.recovered`. */
  readonly recovered?: Spread
  /** As `ComparedNetwork.trained`. */
  readonly trained: readonly {
    /** Of fine-tuning. */
    readonly epochs: number
    /** Behind them, from 0 to 1. */
    readonly accuracy: Spread
  }[]
  /** How long scoring took, with the images that it needs. */
  readonly scoringMs?: Spread
  /**
   * Spearman's coefficient with the scores of `oracle`, where that is among the criteria: mean over groups of three channels and more. 1: the same order.
   * Absent where one side gives all channels the same score.
   */
  readonly oracleCorrelation?: Spread
}

/** What became of a comparison. */
export interface PruningComparison {
  /** The network as it was given. */
  readonly given: Required<Pick<ComparedNetwork, 'macs' | 'params' | 'cut'>>
  /** By budget, in the order of the criteria. */
  readonly methods: readonly ComparedMethod[]
  /** How many images each seed drew for criteria. */
  readonly images: number
  /** How many accuracy is measured on. */
  readonly testImages: number
}

/** What stands beside the criteria. */
const fresh = 'scratch'
const unpruned = 'unpruned'
/** Whose cut gives `scratch` its shape, where shapes depend on scores. */
const shapeBy = 'l2'
const oracle = 'oracle'

const defaultOptimiser = { kind: 'sgd', momentum: 0.9, groups: parameterGroups({ weightDecay: 5e-4 }) } as const
const defaultSchedule = { kind: 'cosine' } as const

/** What a criterion said of all channels, with the images of a seed. */
interface Scored {
  readonly groups: readonly ChannelScores[]
  readonly timeMs: number
}

/** What is done, in order: one entry for each network that is made. */
interface Entry {
  readonly method: string
  readonly budget: number
  readonly network: ComparedNetwork
  readonly scored?: Scored
  readonly reference?: Scored
}

/**
 * Compares criteria: each cuts the same network to the same MACs, and what it leaves is repaired and fine-tuned alike, once for each seed.
 * @param source a model in any form; in browsers a text is an address, in Node a path
 * @param task progress counts networks and scorings
 * @throws as `openModel`; KerfError as `pruneModel`, `createTrainer` and `evaluate`; `other-cells` where kept cells follow from something else; `aborted`
 */
export const comparePruning = (
  source: ModelSource,
  options: PruningComparisonOptions,
  task: Task = {},
): Promise<PruningComparison> =>
  stoppable('The comparison', async () =>
    new Comparison(await modelOf(source, { ...options, ...task }), options, task).run(),
  )

class Comparison {
  readonly #model: Model
  readonly #o: PruningComparisonOptions & Task
  readonly #criteria: readonly Criterion[]
  readonly #turn: () => Promise<void>
  readonly #total: number
  #done = 0

  constructor(model: Model, options: PruningComparisonOptions, task: Task) {
    this.#model = model
    this.#o = { ...options, ...task }
    this.#criteria = (options.criteria ?? catalogue).map(criterionOf)
    this.#turn = turns(task.signal, 'The comparison')
    const { budgets, seeds, scratch, fineTuning } = options
    const each = this.#criteria.length
    this.#total = 1 + seeds.length * ((fineTuning ? 1 : 0) + each + budgets.length * (each + (scratch ? 1 : 0)))
  }

  async run(): Promise<PruningComparison> {
    const { seeds, cells, data } = this.#o
    await cells?.begin(this.#settings())
    const { macs, params, cut = Number.NaN } = await this.#cell('given', () => this.#measured(this.#model))
    const entries: Entry[] = []
    for (const seed of seeds) entries.push(...(await this.#ofSeed(seed)))
    return {
      given: { macs, params, cut },
      methods: methodsOf(entries),
      images: this.#images(seeds[0] ?? 0).count,
      testImages: data.test.count,
    }
  }

  async #ofSeed(seed: number): Promise<Entry[]> {
    const { budgets, fineTuning, scratch } = this.#o
    const cell = (key: string, make: () => Promise<ComparedNetwork>) => this.#cell(`${key}-seed${seed}`, make)
    const entries: Entry[] = []
    if (fineTuning) {
      const network = await cell(unpruned, async () => ({
        ...(await this.#measured(this.#model)),
        trained: await this.#trained(this.#model, fineTuning, seed, unpruned),
      }))
      entries.push({ method: unpruned, budget: 1, network })
    }
    const scores = new Map<string, Scored>()
    for (const criterion of this.#criteria)
      scores.set(
        criterion.name,
        await this.#cell(`scores-${criterion.name}-seed${seed}`, () => this.#scored(criterion, seed)),
      )
    const reference = scores.get(oracle)
    for (const budget of budgets) {
      for (const [method, scored] of scores) {
        const network = await cell(`${method}-${budget}`, () => this.#pruned(method, scored, budget, seed))
        entries.push({ method, budget, network, scored, reference })
      }
      if (!scratch) continue
      const network = await cell(`${fresh}-${budget}`, () => this.#fromScratch(budget, seed, scratch))
      entries.push({ method: fresh, budget, network })
    }
    return entries
  }

  /** Kept, or made now. */
  async #cell<T extends object>(key: string, make: () => Promise<T>): Promise<T> {
    await this.#turn()
    this.#tell(key, 0)
    const cell = await keptOrMade(this.#o.cells, key, make)
    this.#done++
    return cell
  }

  #tell(what: string, part: number): void {
    this.#o.progress?.({ what, done: this.#done + part, total: this.#total, unit: 'networks' })
  }

  /** What cells follow from. Criteria, budgets and seeds are in their names: there may be more of them later. */
  #settings(): object {
    const {
      data,
      transforms = [],
      images = 64,
      methods = ['filter'],
      keep = [],
      scope = {},
      recovery = 'auto',
    } = this.#o
    const { fineTuning = null, scratch = null, optimiser = defaultOptimiser, schedule = defaultSchedule } = this.#o
    return {
      ...{ model: modelChecksum(this.#model), images, methods, scope, transforms },
      ...{
        fineTuning,
        scratch,
        optimiser,
        schedule,
        batchSize: this.#batchSize,
        recovery,
      },
      keep: keep.map((pattern) => pattern.text),
      data: [data.train, data.test].map(({ count, classes, channels, height, width }) => ({
        count,
        classes,
        channels,
        height,
        width,
      })),
    }
  }

  get #batchSize(): number {
    return this.#o.batchSize ?? 64
  }

  get #running(): RunningOptions & Pick<Task, 'signal'> {
    const { signal, runtime, backend, threads, operators, onNotice = () => {} } = this.#o
    return { signal, runtime, backend, threads, operators, onNotice }
  }

  /** Of every class alike. */
  #images(seed: number): ImageSet {
    const { images = 64, data } = this.#o
    return images < data.train.count
      ? splitSet(data.train, images / data.train.count, seed, 'scoring').part
      : data.train
  }

  #imagesFor(seed: number): ModelImages {
    const set = this.#images(seed)
    return imagesFor(
      this.#model,
      set,
      this.#o.transforms ?? [],
      fixedBatch(this.#model) ?? Math.min(this.#batchSize, set.count),
    )
  }

  async #scored(criterion: Criterion, seed: number): Promise<Scored> {
    const images = criterion.needs === 'weights' ? undefined : this.#imagesFor(seed)
    const start = performance.now()
    const groups = await scoreChannels(this.#model, {
      ...this.#chosen,
      ...this.#running,
      ...{ criterion, seed, images },
      loss: (model, shape) => withCrossEntropy(model, shape, this.#o.operators),
    })
    return { groups, timeMs: performance.now() - start }
  }

  /** Which channels may go. */
  get #chosen() {
    const { methods = ['filter'], keep, inputs } = this.#o
    return { methods, keep, inputs }
  }

  #cut(criterion: string | Criterion, budget: number): Promise<PruneResult> {
    const { scope } = this.#o
    return pruneModel(this.#model, {
      ...this.#chosen,
      ...this.#running,
      ...{ criterion, target: { of: 'macs', part: budget, scope } },
    })
  }

  async #pruned(method: string, { groups }: Scored, budget: number, seed: number): Promise<ComparedNetwork> {
    const { recovery = 'auto', fineTuning } = this.#o
    const result = await this.#cut(criterionFrom(method, groups), budget)
    const cut = await this.#measured(result.model)
    const train = async (model: Model) => (fineTuning ? this.#trained(model, fineTuning, seed, method) : [])
    if (recovery === false) return { ...cut, trained: await train(result.model) }
    const { model } = await recover(result, { images: this.#imagesFor(seed), steps: recovery, ...this.#running })
    return { ...cut, recovered: (await this.#measured(model)).cut, trained: await train(model) }
  }

  /** The shape of a cut network, with fresh weights. */
  async #fromScratch(budget: number, seed: number, training: ComparedTraining): Promise<ComparedNetwork> {
    const { model } = await this.#cut(shapeBy, budget)
    const { shape } = this.#loader(seed)
    const start = withFreshWeights(model, { shape, seed, operators: this.#o.operators })
    return { ...this.#counted(model), trained: await this.#trained(start, training, seed, fresh) }
  }

  #counted(model: Model): Pick<ComparedNetwork, 'macs' | 'params'> {
    const { inputs, operators } = this.#o
    const { macs, params } = profileModel(model, { inputs, operators }).totals
    return { macs, params }
  }

  async #measured(model: Model): Promise<Omit<ComparedNetwork, 'trained'>> {
    const { data, transforms = [] } = this.#o
    const { accuracy } = await evaluate(model, evaluationLoader(model, data.test, transforms), this.#running)
    return { ...this.#counted(model), cut: accuracy }
  }

  #loader(seed: number) {
    const { data, transforms } = this.#o
    return createLoader(data.train, { batchSize: this.#batchSize, transforms, seed, training: true })
  }

  /** Accuracies behind the epochs that were asked for. */
  async #trained(model: Model, { epochs, learningRate }: ComparedTraining, seed: number, what: string) {
    const { data, transforms = [], optimiser = defaultOptimiser, schedule = defaultSchedule, signal } = this.#o
    const last = Math.max(...epochs)
    const loader = this.#loader(seed)
    const { batchSize, shape, classes } = loader
    const found: { epochs: number; accuracy: number }[] = []
    const trainer = await createTrainer(model, { batchSize, shape, classes, optimiser, seed, ...this.#running })
    try {
      const { stopped } = await train(trainer, {
        ...{
          training: loader,
          validation: createLoader(data.test, { batchSize: this.#batchSize, transforms, training: false }),
        },
        ...{
          epochs: last,
          evaluateEveryEpochs: greatestCommonDivisor(epochs),
          schedule: createSchedule(schedule, learningRate),
        },
        ...this.#running,
        onEvent: (event) => event.kind === 'step' && this.#tell(what, (0.99 * event.epoch) / last),
        onEpoch: (metrics) => {
          const accuracy = metrics['validation/accuracy']
          if (epochs.includes(metrics.epoch) && accuracy !== undefined) found.push({ epochs: metrics.epoch, accuracy })
        },
      })
      if (stopped) checkAborted(signal, 'The comparison')
      return found
    } finally {
      await trainer.dispose()
    }
  }
}

const greatestCommonDivisor = (numbers: readonly number[]): number => {
  const pair = (a: number, b: number): number => (b === 0 ? a : pair(b, a % b))
  return numbers.reduce(pair)
}

/** One line for each method and budget, the strictest budget first, the network as it was last. */
function methodsOf(entries: readonly Entry[]): ComparedMethod[] {
  const lines = new Map<string, Entry[]>()
  for (const entry of entries) getOrAdd(lines, `${entry.budget} ${entry.method}`, () => []).push(entry)
  return [...lines.values()].map(methodOf).sort((a, b) => a.budget - b.budget)
}

function methodOf(entries: readonly Entry[]): ComparedMethod {
  const { method, budget } = entries[0]!
  const over = (value: (entry: Entry) => number | undefined) => {
    const values = entries.map(value).filter((v) => v !== undefined && !Number.isNaN(v)) as number[]
    return values.length > 0 ? spreadOf(values) : undefined
  }
  const epochs = entries[0]!.network.trained.map((t) => t.epochs)
  return {
    ...{ method, budget },
    macs: over((e) => e.network.macs)!,
    params: over((e) => e.network.params)!,
    cut: over((e) => e.network.cut),
    recovered: over((e) => e.network.recovered),
    trained: epochs.map((of, i) => ({ epochs: of, accuracy: over((e) => e.network.trained[i]?.accuracy)! })),
    scoringMs: over((e) => e.scored?.timeMs),
    oracleCorrelation: over(({ scored, reference }) => scored && reference && correlationOf(scored, reference)),
  }
}

/** Mean over the groups in which both sides tell channels apart. */
function correlationOf(a: Scored, b: Scored): number {
  const found = a.groups
    .map(({ scores }, i) => (scores.length > 2 ? rankCorrelation(scores, b.groups[i]!.scores) : Number.NaN))
    .filter((c) => !Number.isNaN(c))
  return spreadOf(found).mean
}
