import { differentiate } from '../../autodiff/index.ts'
import { KerfError, memoryLimit, type Random, seededRandom, seedFrom, type Task, type Turn } from '../../base/index.ts'
import {
  type Analysis,
  type Dense,
  editGraph,
  fixesBatch,
  freeBatch,
  graphInputs,
  type Model,
  tensorValues,
} from '../../graph/index.ts'
import {
  type HostTensor,
  hostTensor,
  hostValues,
  openProgram,
  openSession,
  type RunningOptions,
} from '../../runtime/index.ts'
import type { BatchOptions, ChannelValues, Criterion, Numbers, ScoredBatch, ScoredLayer } from './criterion.ts'
import type { Layer } from './layers.ts'
import { rowsOf } from './rows.ts'
import type { ChannelValue } from './values.ts'

/*
 * Images through the network, for criteria that look at what it makes of them. What they ask for is put among the outputs; where they ask for gradients,
 * the network is differentiated, with the weights of the layers as inputs where theirs are asked for. Nothing that is looked at may share its memory with
 * others, so that images go through in small batches: as many at a time as fit into a bound, which the plan of one image tells.
 */

/** Images as a model's input has them, as `imagesFor` of kerf/workflow makes them. */
export interface ScoringImages {
  /** Of one image. */
  readonly shape: readonly number[]
  /** Images in every batch; the last one is filled up. */
  readonly batchSize: number
  /** Every iteration gives them anew. Behind `count` images a batch is filled up with zeros, targets too. */
  readonly batches: AsyncIterable<{
    /** [batchSize, …shape], row-major. */
    readonly images: Float32Array
    /** How many of them are images. */
    readonly count: number
    /** For a loss of labels, [batchSize, classes]. */
    readonly targets?: Float32Array
  }>
}

/** A network with its loss appended: one number, the mean over the batch. */
export interface LossGraph {
  /** The network and the loss. */
  readonly model: Model
  /** The name of its value. */
  readonly loss: string
  /** The input that it reads the targets from. */
  readonly targets: {
    /** Its name. */
    readonly name: string
    /** [batchSize, classes]. */
    readonly shape: readonly number[]
  }
  /**
   * Present where there are no labels: the network's outputs, a value of the targets' shape. The loss is the mean over the batch of ⟨targets, outputs⟩, and
   * the targets are directions: numbers of mean 0 and deviation 1, drawn for each image.
   */
  readonly outputs?: string
}

/**
 * Appends a loss to a network.
 * @param imageShape of a batch
 */
export type LossOf = (model: Model, imageShape: readonly number[]) => LossGraph

type Options = RunningOptions &
  Pick<Task, 'progress'> & {
    readonly images: ScoringImages
    readonly loss?: LossOf
    readonly seed?: number
    /** Of the criterion. */
    readonly needs: Criterion['needs']
    readonly criterion: string
  }

/** What one run gave: values and gradients by their names. */
type Results = (name: string) => { readonly shape: readonly number[]; readonly data: ArrayLike<number> }

/** A network that is run batch by batch. */
interface Opened {
  readonly gradients: ReadonlyMap<string, string>
  /** Bytes that a batch of this size holds, and the part of them that is the same for every size; undefined where nobody counts. */
  readonly memory: { readonly bytes: number; readonly fixed: number } | undefined
  /** How many numbers the loss wants of an image; 0: none. */
  readonly targets: number
  /** Whether they are directions. */
  readonly isOutputs: boolean
  run(images: Float32Array, targets: Float32Array | undefined): Promise<Results>
  dispose(): void | Promise<void>
}

type Looked = NonNullable<BatchOptions['what']>[number]

/** What the values of a batch may take. */
const batchBytes = 2 ** 28

export async function* runBatches(
  analysis: Analysis,
  layers: readonly Layer[],
  options: Options,
  asked: BatchOptions,
  turn: Turn,
): AsyncGenerator<ScoredBatch, void, undefined> {
  const { images, progress } = options
  const { model, operators } = analysis
  const [input, ...others] = graphInputs(model.graph)
  if (!input || others.length > 0)
    throw new KerfError('unsupported-input', `The model has ${others.length + 1} inputs; it is given images alone.`)
  const what = new Set<Looked>(asked.what ?? ['activations', 'gradients', 'weightGradients'])
  const values = new Map<ScoredLayer, ChannelValue>()
  if (what.has('activations') || what.has('gradients'))
    for (const layer of layers) {
      const activation = layer.activation()
      if (activation) values.set(layer, activation)
    }
  const watched = [...new Set([...values.values()].map((v) => v.value))]
  const open = async (size: number): Promise<Opened> => {
    const free = fixesBatch(model, size) ? freeBatch(model, operators) : model
    const network = { model: free, input: input.name, shape: [size, ...images.shape], watched, what }
    return options.loss ? withLoss(network, options.loss, layers, options) : withOutputs(network, options)
  }
  const most = Math.min(images.batchSize, asked.most ?? images.batchSize)
  const { opened, size } = await inBounds(model, most, images.batchSize, open)
  const directions = seededRandom(seedFrom(options.seed ?? 0, 'directions'))
  const drawn = opened.isOutputs ? new Float32Array(size * opened.targets) : undefined
  let done = 0
  try {
    for await (const chunk of imageChunks(images, size, opened.isOutputs ? 0 : opened.targets)) {
      await turn()
      for (let i = 0; drawn && i < drawn.length; i++) drawn[i] = i < chunk.count * opened.targets ? sign(directions) : 0
      const results = await opened.run(chunk.images, drawn ?? chunk.targets)
      yield new Batch(chunk.count, size, values, opened.gradients, results)
      done += chunk.count
      progress?.({ what: 'looking at images', done, unit: 'images' })
    }
  } finally {
    await opened.dispose()
  }
}

const sign = ({ uniform }: Random): number => (uniform() < 0.5 ? -1 : 1)

/** The network for as many images at a time as memory allows. */
async function inBounds(
  model: Model,
  most: number,
  given: number,
  open: (size: number) => Promise<Opened>,
): Promise<{ readonly opened: Opened; readonly size: number }> {
  const one = await open(1).catch((error) => {
    // A file for batches of another size alone.
    if (error instanceof KerfError && error.code === 'fixed-batch' && most === given && !fixesBatch(model, given))
      return undefined
    throw error
  })
  if (!one) return { opened: await open(given), size: given }
  const bound = Math.min(batchBytes, memoryLimit() / 4)
  const each = one.memory ? Math.max(1, one.memory.bytes - one.memory.fixed) : 1
  const size = Math.max(1, Math.min(most, Math.floor(bound / each)))
  if (size === 1) return { opened: one, size }
  await one.dispose()
  return { opened: await open(size), size }
}

/** Images that go through at a time. */
export interface ImageChunk {
  /** [size, …shape]; behind `count` images zeros. */
  readonly images: Float32Array
  /** [size, classes]; undefined where none are asked for. */
  readonly targets: Float32Array | undefined
  readonly count: number
}

/**
 * Images, so many at a time. The arrays are used again.
 * @param classes how many numbers a loss of labels wants of each; 0: none
 * @throws KerfError `not-finite`, `no-labels`, `wrong-classes`, `no-images`
 */
export async function* imageChunks(
  { shape, batchSize, batches }: ScoringImages,
  size: number,
  classes: number,
): AsyncGenerator<ImageChunk, void, undefined> {
  const each = shape.reduce((product, d) => product * d, 1)
  const images = new Float32Array(size * each)
  const targets = classes > 0 ? new Float32Array(size * classes) : undefined
  let done = 0
  for await (const batch of batches)
    for (let from = 0; from < batch.count; from += size) {
      const count = Math.min(size, batch.count - from)
      const own = batch.images.subarray(from * each, (from + count) * each)
      checkFinite(own, each, done)
      images.fill(0).set(own)
      targets?.fill(0).set(labelsOf(batch.targets, batchSize, classes, from, count))
      yield { images, targets, count }
      done += count
    }
  if (done === 0) throw new KerfError('no-images', 'There are no images to rank channels by. Give some.')
}

/** @throws KerfError `not-finite` */
function checkFinite(images: Float32Array, each: number, before: number): void {
  const bad = images.findIndex((v) => !Number.isFinite(v))
  if (bad < 0) return
  const image = before + Math.floor(bad / each)
  throw new KerfError(
    'not-finite',
    `Image ${image + 1} holds NaN or infinite values, of which no channel's worth follows. Leave it out, or mend what is done to its pixels (--mean, --std, --scale).`,
    { image },
  )
}

/** @throws KerfError `no-labels`, `wrong-classes` */
function labelsOf(
  targets: Float32Array | undefined,
  batch: number,
  classes: number,
  from: number,
  count: number,
): Float32Array {
  if (!targets)
    throw new KerfError(
      'no-labels',
      "The images come without labels, which the loss is made of. Give data that have some, or ask for the loss of the network's own outputs (--loss outputs; loss: outputLoss).",
    )
  const received = targets.length / batch
  if (received !== classes)
    throw new KerfError(
      'wrong-classes',
      `The network tells ${classes} classes apart, the data have ${received}. Give the data that it was trained on, or ask for the loss of its own outputs (--loss outputs; loss: outputLoss).`,
      { expected: classes, received },
    )
  return targets.subarray(from * classes, (from + count) * classes)
}

interface Network {
  readonly model: Model
  readonly input: string
  /** Of a batch of images. */
  readonly shape: readonly number[]
  /** Values that are looked at. */
  readonly watched: readonly string[]
  readonly what: ReadonlySet<Looked>
}

async function withOutputs({ model, input, shape, watched }: Network, options: Options): Promise<Opened> {
  const network = editGraph(model).setOutputs(watched).dropDead().model()
  const session = await openSession(network, options, { inputShapes: new Map([[input, shape]]) })
  let into: Readonly<Record<string, HostTensor>> | undefined
  return {
    ...{ gradients: new Map(), targets: 0, isOutputs: false },
    get memory() {
      return session.memory && { bytes: session.memory.arena, fixed: 0 }
    },
    async run(images) {
      const outputs = await session.run(
        { [input]: hostTensor('float32', shape, images) },
        { signal: options.signal, into },
      )
      into = outputs
      return (name) => {
        const output = outputs[name]!
        return { shape: output.shape, data: output.elementType === 'float32' ? output.data : hostValues(output) }
      }
    },
    dispose: () => session.dispose(),
  }
}

async function withLoss(
  { model, input, shape, watched, what }: Network,
  lossOf: LossOf,
  layers: readonly Layer[],
  options: Options,
): Promise<Opened> {
  const { model: whole, loss, targets, outputs } = lossOf(model, shape)
  if (outputs !== undefined && options.needs === 'labels')
    throw new KerfError(
      'no-labels',
      `The criterion ${options.criterion} follows the gradient of the loss, which is 0 at the network's own outputs. Give data with labels (--loss labels; loss: withCrossEntropy), or take fisher or obd, which draw directions of the outputs.`,
      { criterion: options.criterion },
    )
  const weights = new Map(
    layers.flatMap(({ weight }) => {
      const tensor = what.has('weightGradients') ? whole.graph.initializers.get(weight.value) : undefined
      return tensor?.elementType === 'float32' ? [[weight.value, tensor] as const] : []
    }),
  )
  const editor = editGraph(whole)
  const shapes = new Map<string, readonly number[]>([
    [input, shape],
    [targets.name, targets.shape],
  ])
  for (const [name, { elementType, shape: own }] of weights) {
    editor.input(name, elementType, own)
    shapes.set(name, own)
  }
  const asked = [...(what.has('gradients') ? watched : []), ...weights.keys()]
  const { model: differentiated, gradients } = differentiate(editor.model(), loss, asked, shapes, {}, options.operators)
  const made = editGraph(differentiated)
    .setOutputs([...new Set([...(what.has('activations') ? watched : []), ...gradients.values()])])
    .dropDead()
    .model()
  const read = new Set(graphInputs(made.graph).map((i) => i.name))
  const program = await openProgram(made, new Map([...shapes].filter(([name]) => read.has(name))), options)
  const write = (name: string, values: ArrayLike<number>) => read.has(name) && program.input(name).set(values)
  let fixed = 0
  for (const [name, tensor] of weights) {
    write(name, tensorValues(tensor))
    // The weight and its gradient.
    fixed += 2 * tensor.data.byteLength
  }
  return {
    gradients,
    memory: program.memory && { bytes: program.memory.arena, fixed },
    targets: targets.shape.slice(1).reduce((product, d) => product * d, 1),
    isOutputs: outputs !== undefined,
    async run(images, wanted) {
      write(input, images)
      write(targets.name, wanted!)
      await program.run({ signal: options.signal })
      return (name) => program.read(name) as Dense & Results
    },
    dispose: () => program.dispose(),
  }
}

class Batch implements ScoredBatch {
  readonly images: number
  readonly #batchSize: number
  readonly #values: ReadonlyMap<ScoredLayer, ChannelValue>
  readonly #gradients: ReadonlyMap<string, string>
  readonly #results: Results

  constructor(
    images: number,
    batchSize: number,
    values: ReadonlyMap<ScoredLayer, ChannelValue>,
    gradients: ReadonlyMap<string, string>,
    results: Results,
  ) {
    this.images = images
    this.#batchSize = batchSize
    this.#values = values
    this.#gradients = gradients
    this.#results = results
  }

  /** The loss is a mean over the batch, zeros that fill it up included. */
  get #scale(): number {
    return this.#batchSize / this.images
  }

  activations(layer: ScoredLayer): ChannelValues {
    const { value, axis } = this.#valueOf(layer)
    return this.#channels(layer, value, axis, 1)
  }

  gradients(layer: ScoredLayer): ChannelValues {
    const { value, axis } = this.#valueOf(layer)
    return this.#channels(layer, this.#gradientOf(layer, value), axis, this.#scale)
  }

  weightGradients(layer: ScoredLayer): readonly Numbers[] {
    const { weight } = layer as Layer
    const { data, shape } = this.#results(this.#gradientOf(layer, weight.value))
    return rowsOf(scaled(data, this.#scale), shape, weight.axis)
  }

  #valueOf(layer: ScoredLayer): ChannelValue {
    const found = this.#values.get(layer)
    if (found) return found
    throw new KerfError(
      'unknown-value',
      `The channels of ${layer.node} are not one axis of a value that was asked for, so that they cannot be looked at.`,
      { node: layer.node },
    )
  }

  #gradientOf(layer: ScoredLayer, value: string): string {
    const found = this.#gradients.get(value)
    if (found !== undefined) return found
    throw new KerfError(
      'unknown-value',
      `There is no gradient of "${value}" of ${layer.node}: the criterion does not say that it needs a loss, or it is no float32 weight that is stored.`,
      { node: layer.node, value },
    )
  }

  #channels(layer: ScoredLayer, name: string, axis: number, factor: number): ChannelValues {
    const { data, shape } = this.#results(name)
    const [batch, ...rest] = shape
    if (batch !== this.#batchSize || axis === 0)
      throw new KerfError(
        'unknown-value',
        `The value "${name}" of ${layer.node} [${shape.join(',')}] does not hold the images of a batch of ${this.#batchSize} on its first axis.`,
        { node: layer.node, value: name },
      )
    const channels = shape[axis]!
    const plane = rest.toSpliced(axis - 1, 1)
    const outer = shape.slice(1, axis).reduce((p, d) => p * d, 1)
    const inner = shape.slice(axis + 1).reduce((p, d) => p * d, 1)
    const values = scaled(data, factor).subarray(0, this.images * channels * outer * inner)
    const common = { images: this.images, channels, plane }
    if (outer === 1) return { ...common, data: values }
    const turned = new Float64Array(values.length)
    for (let n = 0; n < this.images; n++)
      for (let o = 0; o < outer; o++)
        for (let c = 0; c < channels; c++) {
          const from = ((n * outer + o) * channels + c) * inner
          turned.set(values.subarray(from, from + inner), ((n * channels + c) * outer + o) * inner)
        }
    return { ...common, data: turned }
  }
}

/** Floats, times a factor. */
function scaled(data: ArrayLike<number>, factor: number): Numbers {
  const values = data instanceof Float32Array || data instanceof Float64Array ? data : Float64Array.from(data)
  return factor === 1 ? values : Float64Array.from(values, (v) => v * factor)
}
