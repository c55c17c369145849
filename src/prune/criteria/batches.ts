import { differentiate } from '../../autodiff/index.ts'
import { KerfError, type Task, type Turn } from '../../base/index.ts'
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
import { hostTensor, hostValues, openProgram, openSession, type RunningOptions } from '../../runtime/index.ts'
import type { ChannelValues, Numbers, ScoredBatch, ScoredLayer } from './criterion.ts'
import type { Layer } from './layers.ts'
import { rowsOf } from './rows.ts'
import type { ChannelValue } from './values.ts'

/*
 * Images through the network, for criteria that look at what it makes of them. What they ask for is put among the outputs; where they ask for gradients,
 * the network is differentiated, with the weights of the layers as inputs.
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
    /** For a loss, [batchSize, classes]. */
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
}

/**
 * Appends a loss to a network.
 * @param imageShape of a batch
 */
export type LossOf = (model: Model, imageShape: readonly number[]) => LossGraph

type Options = RunningOptions & Pick<Task, 'progress'> & { readonly images: ScoringImages; readonly loss?: LossOf }

/** What one run gave: values and gradients by their names. */
type Results = (name: string) => { readonly shape: readonly number[]; readonly data: ArrayLike<number> }

/** A network that is run batch by batch. */
interface Opened {
  readonly gradients: ReadonlyMap<string, string>
  run(images: Float32Array, targets: Float32Array | undefined): Promise<Results>
  dispose(): void | Promise<void>
}

export async function* runBatches(
  { model, operators }: Analysis,
  layers: readonly Layer[],
  options: Options,
  turn: Turn,
): AsyncGenerator<ScoredBatch, void, undefined> {
  const { images, loss, progress } = options
  const [input, ...others] = graphInputs(model.graph)
  if (!input || others.length > 0)
    throw new KerfError('unsupported-input', `The model has ${others.length + 1} inputs; it is given images alone.`)
  const values = new Map<ScoredLayer, ChannelValue>()
  for (const layer of layers) {
    const activation = layer.activation()
    if (activation) values.set(layer, activation)
  }
  const shape = [images.batchSize, ...images.shape]
  const free = fixesBatch(model, images.batchSize) ? freeBatch(model, operators) : model
  const watched = [...new Set([...values.values()].map((v) => v.value))]
  const network = { model: free, input: input.name, shape, watched }
  const opened = loss ? await withLoss(network, loss, layers, options) : await withOutputs(network, options)
  let done = 0
  try {
    for await (const batch of images.batches) {
      await turn()
      const results = await opened.run(batch.images, batch.targets)
      yield new Batch(batch.count, images.batchSize, values, opened.gradients, results)
      done += batch.count
      progress?.({ what: 'looking at images', done, unit: 'images' })
    }
  } finally {
    await opened.dispose()
  }
  if (done === 0) throw new KerfError('no-images', 'There are no images to rank channels by. Give some.')
}

interface Network {
  readonly model: Model
  readonly input: string
  /** Of a batch of images. */
  readonly shape: readonly number[]
  /** Values that are looked at. */
  readonly watched: readonly string[]
}

async function withOutputs({ model, input, shape, watched }: Network, options: Options): Promise<Opened> {
  const network = editGraph(model).setOutputs(watched).dropDead().model()
  const session = await openSession(network, options, { inputShapes: new Map([[input, shape]]) })
  return {
    gradients: new Map(),
    async run(images) {
      const outputs = await session.run({ [input]: hostTensor('float32', shape, images) }, { signal: options.signal })
      return (name) => ({ shape: outputs[name]!.shape, data: hostValues(outputs[name]!) })
    },
    dispose: () => session.dispose(),
  }
}

async function withLoss(
  { model, input, shape, watched }: Network,
  lossOf: LossOf,
  layers: readonly Layer[],
  options: Options,
): Promise<Opened> {
  const { model: whole, loss, targets } = lossOf(model, shape)
  const weights = new Map(
    layers.flatMap(({ weight }) => {
      const tensor = whole.graph.initializers.get(weight.value)
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
  const asked = [...watched, ...weights.keys()]
  const { model: differentiated, gradients } = differentiate(editor.model(), loss, asked, shapes, {}, options.operators)
  const made = editGraph(differentiated)
    .setOutputs([...new Set([...watched, ...gradients.values()])])
    .dropDead()
    .model()
  const read = new Set(graphInputs(made.graph).map((i) => i.name))
  const program = await openProgram(made, new Map([...shapes].filter(([name]) => read.has(name))), options)
  const write = (name: string, values: ArrayLike<number>) => read.has(name) && program.input(name).set(values)
  for (const [name, tensor] of weights) write(name, tensorValues(tensor))
  return {
    gradients,
    async run(images, wanted) {
      if (!wanted) throw new KerfError('no-loss', 'The images come without targets, which the loss is made of.')
      write(input, images)
      write(targets.name, wanted)
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
