import type { Choices } from '../autodiff/index.ts'
import {
  type Bounded,
  boundedBy,
  KerfError,
  type NamePattern,
  seededRandom,
  seedFrom,
  stoppable,
} from '../base/index.ts'
import type { Batch } from '../data/index.ts'
import { inFloat32, inferenceForm, type Model, tensorValues } from '../graph/index.ts'
import { type ModelSource, modelOf } from '../onnx/index.ts'
import { operators as allOperators } from '../ops/index.ts'
import { floatsOf, openProgram, type Program, type RunningOptions, warn } from '../runtime/index.ts'
import { proveFreedBatch } from './batch-proof.ts'
import { faultIn, notFinite } from './fault.ts'
import { networkForImages } from './graph/images.ts'
import type { LossOptions } from './graph/loss.ts'
import { type TrainedTensor, trainedModel } from './graph/trained-model.ts'
import { type TrainingGraph, trainingGraph } from './graph/training-graph.ts'
import { createOptimiser, type OptimiserOptions } from './optimisers/create.ts'
import type { CommonOptions, Optimiser } from './optimisers/optimiser.ts'
import { maskOfZeros, type Parameter } from './optimisers/parameter.ts'
import type { NamedArrays } from './optimisers/state.ts'
import {
  type Averaged,
  type WeightAverage,
  type WeightAverageOptions,
  weightAverage,
} from './optimisers/weight-average.ts'
import { largest } from './scores.ts'
import type { SparsityOptions } from './sparsity/catalogue.ts'
import type { ChannelLayout, LayoutOf } from './sparsity/method.ts'
import { Sparsity } from './sparsity/sparsity.ts'
import { createTeacher, type Teacher } from './teacher.ts'

/** `signal` is for the making of the trainer. */
export interface TrainerOptions extends RunningOptions, Bounded {
  /** Images in every step. */
  readonly batchSize: number
  /** [C, H, W] of an image. */
  readonly shape: readonly [channels: number, height: number, width: number]
  /** How many the network tells apart. */
  readonly classes: number
  /** By which weights are changed. */
  readonly optimiser: OptimiserOptions & CommonOptions
  /** Cross-entropy by default. */
  readonly loss?: LossOptions
  /** Which surrogate gradients adder layers learn by: see `differentiate`. */
  readonly choices?: Choices
  /** Layers and tensors that stay as they are: see `withoutFrozen`. None by default. */
  readonly freeze?: readonly NamePattern[]
  /**
   * `kept`: normalisations go on with the statistics that they have, as in inference; what they scale and shift by is learnt. Default `batch`: those of each batch, of which a
   * moving average is kept.
   */
  readonly statistics?: 'batch' | 'kept'
  /** Learning rates of tensors by name, as multiples of the common one; 1 by default. */
  readonly rate?: (name: string) => number
  /** For `loss.distillation`: a network with the same input and classes. */
  readonly teacher?: Model
  /**
   * 'zeros': weights that are exactly 0 stay 0. Or by name, 0 where a weight is cut, as long as the tensor. None by default.
   */
  readonly masks?: 'zeros' | ReadonlyMap<string, Uint8Array>
  /** Keeps a moving average of weights and statistics, which `model()` gives in their place. */
  readonly average?: WeightAverageOptions
  /** A method that makes weights or channels small or zero while the network learns. None by default. */
  readonly sparsity?: SparsityOptions
  /** `channelLayout` of `kerf/workflow`, for methods of sparsity that work on channels or on inputs: tells where they lie. */
  readonly layout?: LayoutOf
  /** Of Dropout's masks; 0 by default. */
  readonly seed?: number
}

/** What one update found. */
export interface StepResult {
  /** Mean over the batch. */
  readonly loss: number
  /** Images of the batch whose largest output was their label's (before the update). */
  readonly correct: number
  /** Of all gradients together, before clipping by norm. */
  readonly gradientNorm: number
}

/** A network that is being trained. */
export interface Trainer {
  /** Images in every step. */
  readonly batchSize: number
  /** How many the network tells apart. */
  readonly classes: number
  /** Updates done. */
  readonly steps: number
  /**
   * Whether the network as it is may be chosen as the best one: not before a method of sparsity has made it as sparse as it is to be.
   */
  readonly mayBeChosen: boolean
  /**
   * The network with its loss and gradients.
   * @internal
   */
  readonly graph: TrainingGraph
  /** What runs the steps: its memory, threads and time. */
  readonly program: Program
  /**
   * One update, of this `learningRate`.
   * @throws KerfError `not-finite` when the loss or a gradient is NaN or infinite, naming the layer where it began; nothing has changed then
   */
  step(batch: Batch, learningRate: number): Promise<StepResult>
  /** Numbers of a method of sparsity, by name: see `Sparsifier.metrics`. Empty without one. */
  metrics(): Readonly<Record<string, number>>
  /** The given model with the weights as they are now, or their average where there is one. */
  model(): Model
  /**
   * Everything that the next steps depend on, for a checkpoint: live arrays, to be written before the next step.
   * @throws KerfError `not-finite` when a weight is NaN or infinite: such a state is no good to go on from
   */
  exportState(): Readonly<Record<string, NamedArrays>>
  /**
   * Goes on from the exported state (`sections`) behind so many updates (`steps`), to the same bits.
   * @throws KerfError `bad-state`
   */
  importState(sections: Readonly<Record<string, NamedArrays>>, steps: number): void
  /** Kept when its threads have ended. */
  dispose(): Promise<void>
}

/**
 * Makes a network, in its form for inference, ready to be trained: the training graph, its plan, an optimiser.
 * @param source a model in any form; in browsers a text is an address, in Node a path
 * @throws as `openModel`; KerfError, NodeError as `trainingGraph`; `bad-options` for masks that fit no weight or a teacher that is missing; `aborted`
 */
export const createTrainer = (source: ModelSource, options: TrainerOptions): Promise<Trainer> =>
  stoppable('The training', async () => makeTrainer(await modelOf(source, options), options), options)

async function makeTrainer(given: Model, options: TrainerOptions): Promise<Trainer> {
  const { operators = allOperators } = options
  const form = inferenceForm(given, operators)
  const model = inFloat32(form)
  const imageShape = [options.batchSize, ...options.shape]
  const { onNotice, loss, choices, freeze, statistics, classes } = options
  const graph = trainingGraph(model, { imageShape, classes, loss, choices, freeze, statistics, operators })
  const notice = onNotice ?? warn
  const network = networkForImages(form, imageShape, operators)
  for (const text of [...network.notices, ...graph.notices]) notice(text)
  if (form !== given)
    notice(
      'the file was exported for training (training_mode = 1); what is trained is measured and written as it is in inference.',
    )
  await proveFreedBatch(network, options.shape, options)
  const teacher =
    loss?.distillation && (await createTeacher(options.teacher, graph, loss.distillation, imageShape, options))
  let program: Program | undefined
  try {
    program = await openProgram(graph.model, graph.inputShapes, options)
    const { onHost } = program
    if (onHost.length > 0) notice(`no kernel does ${onHost.join(', ')}: the slow reference does.`)
    return new GraphTrainer(model, graph, program, teacher, options)
  } catch (error) {
    await Promise.all([program?.dispose(), teacher?.dispose()])
    throw error
  }
}

class GraphTrainer implements Trainer {
  readonly batchSize: number
  readonly classes: number
  readonly graph: TrainingGraph
  readonly program: Program
  steps = 0
  readonly #given: Model
  readonly #options: TrainerOptions
  readonly #teacher: Teacher | undefined
  #optimiser: Optimiser
  readonly #average: WeightAverage | undefined
  readonly #cut = new Map<string, Uint8Array>()
  readonly #sparsity: Sparsity | undefined

  constructor(
    given: Model,
    graph: TrainingGraph,
    program: Program,
    teacher: Teacher | undefined,
    options: TrainerOptions,
  ) {
    this.#given = given
    this.graph = graph
    this.program = program
    this.#teacher = teacher
    this.#options = options
    this.batchSize = options.batchSize
    this.classes = options.classes
    this.#optimiser = createOptimiser(options.optimiser)
    this.#average = options.average && weightAverage(options.average)
    for (const { name, tensor } of [...graph.weights, ...graph.statistics])
      program.input(name).set(tensorValues(tensor))
    this.#setMasks()
    const { sparsity, average } = options
    const parts = { graph, program, masks: this.#cut, average: average !== undefined }
    this.#sparsity =
      sparsity && new Sparsity({ ...parts, layout: this.#layout(), restart: () => this.#restart() }, sparsity)
  }

  #restart(): void {
    this.#optimiser = createOptimiser(this.#options.optimiser)
  }

  #layout(): (() => ChannelLayout) | undefined {
    const { layout, batchSize, shape, operators } = this.#options
    const imageShape = [batchSize, ...shape]
    return (
      layout &&
      (() => {
        const { model } = networkForImages(this.#given, imageShape, operators)
        return layout(model, { inputs: new Map([['', imageShape]]), operators })
      })
    )
  }

  get mayBeChosen(): boolean {
    return this.#sparsity?.settled(this.steps) ?? true
  }

  #setMasks(): void {
    const { masks } = this.#options
    const names = new Set(this.graph.weights.map((w) => w.name))
    if (masks === 'zeros')
      for (const name of names) {
        const mask = maskOfZeros(this.program.input(name))
        // Biases start from zeros, which were never cut.
        if (mask && this.#groupOf(name) !== 'noDecay') this.#cut.set(name, mask)
      }
    else if (masks)
      for (const [name, mask] of masks) {
        if (!names.has(name))
          throw new KerfError(
            'bad-options',
            `There is no weight "${name}" to mask. Weights: ${[...names].join(', ')}.`,
            {
              name,
            },
          )
        this.#cut.set(name, mask)
      }
  }

  #groupOf(name: string) {
    return this.graph.weights.find((w) => w.name === name)?.group
  }

  step(batch: Batch, learningRate: number): Promise<StepResult> {
    return boundedBy(this.#options, () => this.#step(batch, learningRate))
  }

  async #step(batch: Batch, learningRate: number): Promise<StepResult> {
    const { program, graph } = this
    program.input(graph.images).set(batch.images)
    program.input(graph.targets).set(batch.targets)
    this.#drawMasks()
    await this.#teacher?.run(batch.images, (name) => program.input(name))
    await program.run()
    const loss = program.read(graph.loss).data[0]!
    if (!Number.isFinite(loss)) throw await this.#fault(`the loss is ${loss}`, learningRate)
    const correct = this.#correct(batch)
    const parameters = this.#parameters()
    this.#sparsity?.beforeUpdate(parameters, this.steps)
    let gradientNorm: number
    try {
      gradientNorm = this.#optimiser.step(parameters, learningRate)
    } catch (error) {
      this.#sparsity?.undo()
      if (!(error instanceof KerfError) || error.code !== 'not-finite') throw error
      throw await this.#fault(`the gradient of "${error.details.parameter}" is ${error.details.value}`, learningRate)
    }
    for (const { name, next } of graph.statistics) program.input(name).set(program.read(next).data)
    this.steps++
    this.#sparsity?.afterUpdate(this.steps)
    this.#average?.update(this.#tensors())
    return { loss, correct, gradientNorm }
  }

  #correct({ labels, count }: Batch): number {
    const scores = floatsOf(this.program.read(this.graph.scores))
    let correct = 0
    for (let i = 0; i < count; i++) if (largest(scores, i * this.classes, this.classes) === labels[i]) correct++
    return correct
  }

  /** A step's masks depend on the seed, the step and the layer alone, so that a run goes on where it stopped. */
  #drawMasks(): void {
    const { seed = 0 } = this.#options
    for (const { name, rate } of this.graph.masks) {
      const random = seededRandom(seedFrom(seedFrom(seed, name), String(this.steps)))
      const mask = this.program.input(name)
      const kept = 1 / (1 - rate)
      for (let i = 0; i < mask.length; i++) mask[i] = random.uniform() < rate ? 0 : kept
    }
  }

  #parameters(): Parameter[] {
    return this.graph.weights.map(({ name, gradient, group }) => ({
      name,
      value: this.program.input(name),
      gradient: floatsOf(this.program.read(gradient)),
      group,
      mask: this.#cut.get(name),
      rate: this.#options.rate?.(name),
    }))
  }

  /** Weights and statistics: what a network consists of. */
  #tensors(): (Averaged & { readonly shape: readonly number[] })[] {
    return [...this.graph.weights, ...this.graph.statistics].map(({ name, shape }) => ({
      name,
      shape,
      value: this.program.input(name),
      mask: this.#cut.get(name),
    }))
  }

  async #fault(what: string, learningRate: number): Promise<KerfError> {
    const where = await faultIn(this.graph, this.program, this.#options)
    return notFinite({ what, where, step: this.steps + 1, learningRate })
  }

  metrics(): Readonly<Record<string, number>> {
    return this.#sparsity?.metrics() ?? {}
  }

  model(): Model {
    const tensors = this.#tensors()
    const averaged = this.#average && this.steps > 0 ? this.#average : undefined
    averaged?.swap(tensors)
    try {
      const values = new Map(
        tensors.map(({ name, shape, value }): [string, TrainedTensor] => [name, { shape, data: value }]),
      )
      return trainedModel(this.#given, values, this.graph.moved, this.#options.operators)
    } finally {
      averaged?.swap(tensors)
    }
  }

  exportState(): Readonly<Record<string, NamedArrays>> {
    const tensors = this.#tensors()
    for (const { name, value } of tensors) {
      const index = value.findIndex((x) => !Number.isFinite(x))
      if (index >= 0)
        throw notFinite({
          what: `the update has made "${name}" ${value[index]}`,
          where: undefined,
          step: this.steps,
          learningRate: undefined,
        })
    }
    return {
      weights: new Map(tensors.map(({ name, value }) => [name, value])),
      optimiser: this.#optimiser.exportState(),
      ...(this.#average ? { average: this.#average.exportState() } : {}),
      ...this.#sparsity?.exportState(),
    }
  }

  importState(sections: Readonly<Record<string, NamedArrays>>, steps: number): void {
    const { weights, optimiser, average } = sections
    for (const { name, value } of this.#tensors()) {
      const saved = weights?.get(name)
      if (saved?.length !== value.length)
        throw new KerfError(
          'bad-state',
          `The state has ${saved ? `${saved.length} elements` : 'nothing'} for "${name}", the network ${value.length}. It belongs to another network.`,
          { name, expected: value.length, received: saved?.length },
        )
      value.set(saved)
    }
    if (!optimiser || (this.#average && !average))
      throw new KerfError(
        'bad-state',
        `The state lacks ${optimiser ? 'the average of the weights' : "the optimiser's part"}.`,
      )
    this.#optimiser.importState(optimiser)
    if (average) this.#average?.importState(average)
    this.#sparsity?.importState(sections, steps)
    this.steps = steps
  }

  async dispose(): Promise<void> {
    await Promise.all([this.program.dispose(), this.#teacher?.dispose()])
  }
}
