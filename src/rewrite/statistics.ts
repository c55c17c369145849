import { elementCount, KerfError } from '../base/index.ts'
import {
  AttributeReader,
  allNames,
  attributeOf,
  consumersOf,
  float,
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
 * thousands away from where they should be is dead before it has learnt anything. Each is measured behind what was measured before it, all in one run.
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
}

/**
 * The model with mean and variance of its BatchNormalizations as they are on these images. The model given is not changed.
 * @throws KerfError `unsupported-input` for a network with several inputs, `not-finite` where values are no numbers, and what running throws
 */
export async function measureStatistics(
  given: Model,
  images: StatisticsImages,
  { createSession, behind }: StatisticsOptions,
): Promise<Model> {
  const model = withStoredStatistics(given)
  const [input, ...others] = graphInputs(model.graph)
  if (!input || others.length > 0)
    throw new KerfError('unsupported-input', `The model has ${others.length + 1} inputs; it is given images alone.`)
  const wanted = normalisations(model, behind)
  const results = await normalisedByBatch(
    model,
    wanted,
    { [input.name]: { elementType: 'float32', ...images } },
    createSession,
  )
  const graph = { ...model.graph, nodes: [...model.graph.nodes], initializers: new Map(model.graph.initializers) }
  const taken = allNames(graph)
  const readers = consumersOf(graph)
  for (const { node, mean, variance } of results) {
    if (![...mean, ...variance].every(Number.isFinite))
      throw new KerfError(
        'not-finite',
        `"${node.inputs[0]}" holds values that are no numbers; its statistics cannot be measured.`,
      )
    const put = (name = '', values: Float32Array): string => {
      const fresh = (readers.get(name) ?? []).length === 1 ? name : freshName(taken, `${name}_measured`)
      graph.initializers.set(fresh, tensorOf('float32', [values.length], values) satisfies Tensor)
      return fresh
    }
    const inputs = [...node.inputs.slice(0, 3), put(node.inputs[3], mean), put(node.inputs[4], variance)]
    graph.nodes[graph.nodes.indexOf(node)] = { ...node, inputs }
  }
  return { ...model, graph: withoutDeadCode(graph) }
}

interface Measured {
  readonly node: Node
  readonly mean: Float32Array
  readonly variance: Float32Array
}

/**
 * One run in which the given nodes normalise by the batch itself, as in training with momentum 0: what each passes on is what it will with the
 * statistics that are measured, so that those behind it are right, too.
 */
async function normalisedByBatch(
  model: Model,
  wanted: readonly Node[],
  feeds: Readonly<Record<string, FloatTensor>>,
  createSession: StatisticsOptions['createSession'],
): Promise<Measured[]> {
  if (wanted.length === 0) return []
  const graph = { ...model.graph, initializers: new Map(model.graph.initializers) }
  const taken = allNames(graph)
  const outputs = new Map(
    wanted.map((node) => [node, ['mean', 'variance'].map((of) => freshName(taken, `${node.outputs[0]}_${of}`))]),
  )
  graph.nodes = graph.nodes.map((node) => {
    const own = outputs.get(node)
    if (!own) return node
    // What was stored may be no numbers; momentum 0 would not take it away.
    const before = freshName(taken, `${own[0]}_before`)
    const shape = graph.initializers.get(node.inputs[3]!)?.shape ?? []
    graph.initializers.set(before, tensorOf('float32', shape, new Float32Array(elementCount(shape)!)))
    return {
      ...node,
      inputs: [...node.inputs.slice(0, 3), before, before],
      outputs: [node.outputs[0]!, ...own],
      attributes: new Map([...node.attributes, ['training_mode', attributeOf(1)], ['momentum', float(0)]]),
    }
  })
  graph.outputs = [...outputs.values()].flat().map((name) => ({ name, type: undefined }))
  const session = await createSession({ ...model, graph: withoutDeadCode(graph) })
  try {
    const results = await session.run(feeds)
    const content = (name: string | undefined) => Float32Array.from(results[name ?? '']?.data ?? [], Number)
    return wanted.map((node) => {
      const [mean, variance] = outputs.get(node) ?? []
      return { node, mean: content(mean), variance: content(variance) }
    })
  } finally {
    session.dispose()
  }
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
