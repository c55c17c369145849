import { KerfError } from '../base/index.ts'
import {
  AttributeReader,
  allNames,
  consumersOf,
  freshName,
  graphInputs,
  inferGraph,
  type Model,
  type Node,
  type Tensor,
  tensorOf,
  usedNames,
  withoutDeadCode,
  withStoredConstants,
} from '../graph/index.ts'
import { operators } from '../ops/index.ts'

/*
 * Means and variances of BatchNormalization, measured: behind exchanged layers the stored ones say nothing, and a network whose activations are
 * thousands away from where they should be is dead before it has learnt anything. Each is measured behind what was measured before it.
 */

/** One batch of images, of the shape that the model's input has. */
export interface StatisticsImages {
  readonly shape: readonly number[]
  readonly data: Float32Array
}

type FloatTensor = { readonly elementType: 'float32'; readonly shape: readonly number[]; readonly data: Float32Array }

/** A network ready to run: `createSession` of runtime/ makes such ones. */
export interface MeasuringSession {
  run(
    feeds: Readonly<Record<string, FloatTensor>>,
  ): Promise<Readonly<Record<string, { readonly shape: readonly number[]; readonly data: ArrayLike<number | bigint> }>>>
  dispose(): void
}

export interface StatisticsOptions {
  readonly createSession: (model: Model) => Promise<MeasuringSession>
  /** Only those behind one of these nodes; by default all. */
  readonly behind?: ReadonlySet<string>
  readonly onProgress?: (done: number, of: number) => void
}

/**
 * The model with mean and variance of its BatchNormalizations as they are on these images. The model given is not changed.
 * @throws KerfError `unsupported-input` for a network with several inputs, `not-finite` where values are no numbers, and what running throws
 */
export async function measureStatistics(
  given: Model,
  images: StatisticsImages,
  { createSession, behind, onProgress }: StatisticsOptions,
): Promise<Model> {
  const model = withStoredStatistics(given)
  const [input, ...others] = graphInputs(model.graph)
  if (!input || others.length > 0)
    throw new KerfError('unsupported-input', `The model has ${others.length + 1} inputs; it is given images alone.`)
  const graph = { ...model.graph, nodes: [...model.graph.nodes], initializers: new Map(model.graph.initializers) }
  const measured: Model = { ...model, graph }
  const taken = allNames(graph)
  const readers = consumersOf(graph)
  const wanted = normalisations(model, behind)
  for (const [done, node] of wanted.entries()) {
    const [x = ''] = node.inputs
    const cut = withoutDeadCode({ ...graph, outputs: [{ name: x, type: undefined }] })
    const session = await createSession({ ...measured, graph: cut })
    const feeds = { [input.name]: { elementType: 'float32' as const, ...images } }
    const value = (await session.run(feeds))[x]
    session.dispose()
    if (!value) throw new KerfError('unsupported-input', `"${x}" cannot be measured.`)
    const { mean, variance } = moments(value.shape, value.data as Float32Array)
    if (![...mean, ...variance].every(Number.isFinite))
      throw new KerfError('not-finite', `"${x}" holds values that are no numbers; its statistics cannot be measured.`)
    const put = (name = '', values: Float32Array): string => {
      const fresh = (readers.get(name) ?? []).length === 1 ? name : freshName(taken, `${name}_measured`)
      graph.initializers.set(fresh, tensorOf('float32', [values.length], values) satisfies Tensor)
      return fresh
    }
    const inputs = [...node.inputs.slice(0, 3), put(node.inputs[3], mean), put(node.inputs[4], variance)]
    graph.nodes[graph.nodes.indexOf(node)] = { ...node, inputs }
    onProgress?.(done + 1, wanted.length)
  }
  return { ...measured, graph: withoutDeadCode(graph) }
}

const isNormalisation = ({ opType, domain }: Node): boolean => opType === 'BatchNormalization' && domain === ''

/** Means and variances as initializers, in whatever way the file holds them. */
function withStoredStatistics(model: Model): Model {
  const held = model.graph.nodes.filter(isNormalisation).flatMap((node) => node.inputs.slice(3, 5))
  const others = held.filter((name) => !model.graph.initializers.has(name))
  return others.length === 0 ? model : withStoredConstants(model, inferGraph(model, operators), others)
}

/** BatchNormalizations of inference whose statistics are stored, behind the given nodes, in order. */
function normalisations({ graph }: Model, behind: ReadonlySet<string> | undefined): Node[] {
  const reached = new Set<string>()
  return graph.nodes.filter((node) => {
    const isBehind = behind === undefined || usedNames(node).some((name) => reached.has(name))
    if (isBehind || behind?.has(node.name)) for (const output of node.outputs) reached.add(output)
    return (
      isBehind &&
      isNormalisation(node) &&
      new AttributeReader(node).int('training_mode', 0) === 0 &&
      node.outputs.filter((o) => o !== '').length === 1 &&
      node.inputs.slice(3, 5).every((name) => graph.initializers.has(name))
    )
  })
}

/** Of each channel of [N, C, …]. */
function moments(shape: readonly number[], data: Float32Array): { mean: Float32Array; variance: Float32Array } {
  const [batch = 1, channels = 1] = shape
  const size = data.length / (batch * channels)
  const [mean, variance] = [new Float32Array(channels), new Float32Array(channels)]
  for (let c = 0; c < channels; c++) {
    const each = (visit: (value: number) => void) => {
      for (let n = 0; n < batch; n++)
        for (let i = 0, at = (n * channels + c) * size; i < size; i++) visit(data[at + i] as number)
    }
    let sum = 0
    each((v) => {
      sum += v
    })
    const middle = sum / (batch * size)
    let squares = 0
    each((v) => {
      squares += (v - middle) ** 2
    })
    mean[c] = middle
    variance[c] = squares / (batch * size)
  }
  return { mean, variance }
}
