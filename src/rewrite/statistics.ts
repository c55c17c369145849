import { type Bounded, elementCount, KerfError, stoppable, type Task } from '../base/index.ts'
import {
  AttributeReader,
  analyse,
  attributeOf,
  consumersOf,
  editGraph,
  fixesBatch,
  float,
  freeBatch,
  graphInputs,
  type Model,
  type Node,
  nodeLabel,
  type OperatorSet,
  tensorOf,
  usedNames,
  withStoredConstants,
} from '../graph/index.ts'
import { type ModelSource, modelOf } from '../onnx/index.ts'
import { runnableOperators } from '../ops/index.ts'
import { type Feeds, hostValues, openSession, type RunningOptions } from '../runtime/index.ts'

/*
 * Means and variances of BatchNormalization, measured: behind exchanged layers the stored ones say nothing, and a network whose activations are
 * thousands away from where they should be is dead before it has learnt anything. Each is measured behind what was measured before it, all in one run.
 */

/** Images, laid out as the model's input has them, any number of them. */
export interface StatisticsImages {
  /** Of all: their number, then the shape of one. */
  readonly shape: readonly number[]
  /** All images, one behind the other. */
  readonly data: Float32Array
}

/** A tensor for each input of a network that takes more than images. */
export interface StatisticsFeeds {
  /** By the names of the inputs. */
  readonly feeds: Feeds
}

/** Which statistics are measured, and what runs the network. */
export interface StatisticsOptions extends RunningOptions, Task, Bounded {
  /** Only those behind one of these nodes, by their names or those of their first outputs; by default all. */
  readonly behind?: ReadonlySet<string>
}

/**
 * The model with mean and variance of its BatchNormalizations as they are on these `images`. The model given is not changed. Where its file fixes another
 * number of images at a time, it is measured freed of that; where it cannot be freed, in batches of that size, whose moments are put together: a remainder
 * is left out.
 * @param source a model in any form; in browsers a text is an address, in Node a path
 * @throws as `openModel`; KerfError `unsupported-input` for a network with several inputs, `too-few-images` where they do not fill the batch that is fixed, `not-finite`
 *   where values are no numbers, `aborted`, and what running throws
 */
export const measureStatistics = (
  source: ModelSource,
  images: StatisticsImages | StatisticsFeeds,
  options: StatisticsOptions = {},
): Promise<Model> =>
  stoppable('Measuring statistics', async () => measured(await modelOf(source, options), images, options), options)

async function measured(
  given: Model,
  images: StatisticsImages | StatisticsFeeds,
  options: StatisticsOptions,
): Promise<Model> {
  const { operators = runnableOperators } = options
  const model = withStoredStatistics(given, operators)
  const wanted = normalisations(model, options.behind)
  const runs: Batches = 'feeds' in images ? { model, batches: [images.feeds] } : inBatches(model, images, operators)
  const results = await normalisedByBatch(runs, wanted, options)
  const editor = editGraph(model)
  const readers = consumersOf(model.graph)
  const put = (name: string, values: Float32Array): string => {
    const own = (readers.get(name) ?? []).length === 1 ? name : editor.name(`${name}_measured`)
    editor.set(own, tensorOf('float32', [values.length], values))
    return own
  }
  const byNode = new Map(results.map((result) => [result.node, result]))
  editor.rewrite((node) => {
    const { mean, variance } = byNode.get(node) ?? {}
    if (!mean || !variance) return node
    if (![...mean, ...variance].every(Number.isFinite))
      throw new KerfError(
        'not-finite',
        `"${node.inputs[0]}" holds values that are no numbers; its statistics cannot be measured.`,
      )
    const statistics = [put(node.inputs[3]!, mean), put(node.inputs[4]!, variance)]
    return { ...node, inputs: [...node.inputs.slice(0, 3), ...statistics] }
  })
  return editor.dropDead().model()
}

/** Runs of a model in batches of a size that it takes. */
interface Batches {
  readonly model: Model
  readonly batches: readonly Feeds[]
}

function inBatches(model: Model, images: StatisticsImages, operators: OperatorSet): Batches {
  const [input, ...others] = graphInputs(model.graph)
  if (!input || others.length > 0)
    throw new KerfError('unsupported-input', `The model has ${others.length + 1} inputs; it is given images alone.`)
  const [count = 1, ...image] = images.shape
  const feeds = (some: StatisticsImages) => ({ [input.name]: { elementType: 'float32' as const, ...some } })
  if (!fixesBatch(model, count)) return { model, batches: [feeds(images)] }
  try {
    return { model: freeBatch(model, operators), batches: [feeds(images)] }
  } catch (error) {
    if (!(error instanceof KerfError && error.code === 'fixed-batch')) throw error
    const size = Number(error.details.size)
    if (count < size)
      throw new KerfError(
        'too-few-images',
        `${error.message} Statistics are measured on ${count === 1 ? 'one image' : `${count} images`}: give at least ${size}.`,
        { count, size },
      )
    const each = images.data.length / count
    const batches = Array.from({ length: Math.floor(count / size) }, (_, i) =>
      feeds({ shape: [size, ...image], data: images.data.subarray(i * size * each, (i + 1) * size * each) }),
    )
    return { model, batches }
  }
}

interface Measured {
  readonly node: Node
  readonly mean: Float32Array
  readonly variance: Float32Array
}

/**
 * A run in which the given nodes normalise by the batch itself, as in training with momentum 0: what each passes on is what it will with the
 * statistics that are measured, so that those behind it are right, too.
 */
async function normalisedByBatch(
  { model, batches }: Batches,
  wanted: readonly Node[],
  { progress, ...running }: StatisticsOptions,
): Promise<Measured[]> {
  if (wanted.length === 0) return []
  const editor = editGraph(model)
  const outputs = new Map(
    wanted.map(({ outputs: [y = ''] }) => [y, ['mean', 'variance'].map((of) => editor.name(`${y}_${of}`))]),
  )
  editor.rewrite((node) => {
    const own = outputs.get(node.outputs[0] ?? '')
    if (!own) return node
    const shape = editor.initializers.get(node.inputs[3]!)?.shape ?? []
    // What was stored may be no numbers; momentum 0 would not take it away.
    const before = editor.constant(
      `${own[0]}_before`,
      tensorOf('float32', shape, new Float32Array(elementCount(shape)!)),
    )
    return {
      ...node,
      inputs: [...node.inputs.slice(0, 3), before, before],
      outputs: [node.outputs[0]!, ...own],
      attributes: new Map([...node.attributes, ['training_mode', attributeOf(1)], ['momentum', float(0)]]),
    }
  })
  const measuring = editor
    .setOutputs([...outputs.values()].flat())
    .dropDead()
    .model()
  const session = await openSession(measuring, running, { progress })
  try {
    const runs: Feeds[] = []
    for (const feeds of batches) runs.push(await session.run(feeds, { signal: running.signal, progress }))
    return wanted.map((node) => {
      const names = outputs.get(node.outputs[0] ?? '')!
      const moments = runs.map((results) => names.map((name) => hostValues(results[name]!))) as [
        mean: Float64Array,
        variance: Float64Array,
      ][]
      return { node, ...together(moments) }
    })
  } finally {
    await session.dispose()
  }
}

/** Mean and variance of several batches of one size: between them, too. */
function together(
  moments: readonly (readonly [mean: Float64Array, variance: Float64Array])[],
): Pick<Measured, 'mean' | 'variance'> {
  const averaged = (of: (batch: (typeof moments)[number], c: number) => number) =>
    Float32Array.from(moments[0]![0], (_, c) => moments.reduce((sum, m) => sum + of(m, c), 0) / moments.length)
  const mean = averaged(([m], c) => m[c]!)
  return { mean, variance: averaged(([m, v], c) => v[c]! + (moments.length > 1 ? (m[c]! - mean[c]!) ** 2 : 0)) }
}

const isNormalisation = ({ opType, domain }: Node): boolean => opType === 'BatchNormalization' && domain === ''

/** Means and variances as initializers, in whatever way the file holds them. */
function withStoredStatistics(model: Model, operators: OperatorSet): Model {
  const held = model.graph.nodes.filter(isNormalisation).flatMap((node) => node.inputs.slice(3, 5))
  const others = held.filter((name) => !model.graph.initializers.has(name))
  return others.length === 0 ? model : withStoredConstants(analyse(model, operators), others)
}

/** BatchNormalizations of inference whose statistics are stored, behind the given nodes, in order. */
function normalisations({ graph }: Model, behind: ReadonlySet<string> | undefined): Node[] {
  const reached = new Set<string>()
  return graph.nodes.filter((node) => {
    const isBehind = behind === undefined || usedNames(node).some((name) => reached.has(name))
    if (isBehind || behind?.has(nodeLabel(node))) for (const output of node.outputs) reached.add(output)
    return (
      isBehind &&
      isNormalisation(node) &&
      new AttributeReader(node).int('training_mode', 0) === 0 &&
      node.outputs.filter((o) => o !== '').length === 1 &&
      node.inputs.slice(3, 5).every((name) => graph.initializers.has(name))
    )
  })
}
