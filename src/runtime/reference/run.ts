import { type ElementType, KerfError } from '../../base/index.ts'
import {
  type Dense,
  type Graph,
  graphInputs,
  inlineFunctions,
  type Model,
  type Node,
  opsetOf,
  tensorValues,
  usedNames,
  withoutDeadCode,
  withoutUnreadOutputs,
} from '../../graph/index.ts'
import { operators } from '../../ops/index.ts'
import { checkNoneMissing } from '../feeds.ts'
import { fromDense, type HostTensor, toDense } from '../tensor.ts'
import { calculate } from './calculate.ts'

/*
 * The reference backend: every node by its operator's scalar definition, in the file's order. Slow, and the oracle of the others.
 */

export interface ReferenceOptions {
  /**
   * 'float32' (default): each node calculates in doubles and its float32 results are rounded. 'float64': what is float32 in the model is
   * calculated, kept and returned as float64.
   */
  readonly precision?: 'float32' | 'float64'
  /** Names of the values to return: by default the graph's outputs; others are for finding where two runs part. */
  readonly outputs?: readonly string[]
}

/**
 * Runs a model once.
 * @param feeds one tensor per graph input, NCHW
 * @throws KerfError `missing-input`; UnsupportedError for an operator that is not known or has no scalar reference; NodeError where
 *   shapes do not fit
 */
export function referenceRun(
  model: Model,
  feeds: ReadonlyMap<string, HostTensor>,
  options: ReferenceOptions = {},
): Map<string, HostTensor> {
  const inlined = inlineFunctions(model, operators)
  const graph = wanted(inlined.graph, options.outputs)
  const run = new Run(inlined, graph, options.precision === 'float64')
  checkNoneMissing(graphInputs(graph), (name) => feeds.has(name))
  for (const [name, tensor] of feeds) run.set(name, toDense(tensor))
  for (const [i, node] of graph.nodes.entries()) run.node(node, i)
  return new Map(graph.outputs.map(({ name }) => [name, fromDense(run.get(name))]))
}

/** The part of a graph that makes the given values. */
function wanted(graph: Graph, outputs: readonly string[] | undefined): Graph {
  const part = outputs ? { ...graph, outputs: outputs.map((name) => ({ name, type: undefined })) } : graph
  return withoutUnreadOutputs(withoutDeadCode(part))
}

class Run {
  readonly #model: Model
  readonly #graph: Graph
  readonly #double: boolean
  readonly #values = new Map<string, Dense>()
  /** The last node that reads a value. */
  readonly #lastUse = new Map<string, number>()

  constructor(model: Model, graph: Graph, double: boolean) {
    this.#model = model
    this.#graph = graph
    this.#double = double
    graph.nodes.forEach((node, i) => {
      for (const name of usedNames(node)) this.#lastUse.set(name, i)
    })
    for (const { name } of graph.outputs) this.#lastUse.set(name, graph.nodes.length)
  }

  set(name: string, value: Dense): void {
    this.#values.set(name, stored(value, this.#double))
  }

  /** A fed or calculated value, or a stored tensor, which is read when it is first needed. */
  get(name: string): Dense {
    const value = this.#values.get(name)
    if (value) return value
    const tensor = this.#graph.initializers.get(name)
    if (!tensor)
      throw new KerfError('invalid-graph', `Nothing makes the value "${name}". Export the model again.`, {
        value: name,
      })
    if (tensor.elementType !== 'string')
      this.set(name, { elementType: tensor.elementType, shape: tensor.shape, data: tensorValues(tensor) })
    return this.#values.get(name) ?? { elementType: 'string', shape: tensor.shape, data: [] }
  }

  node(node: Node, place: number): void {
    const inputs = node.inputs.map((name) => (name === '' ? undefined : this.get(name)))
    const results = calculate(node, opsetOf(this.#model.opsetImports, node.domain), inputs)
    node.outputs.forEach((name, i) => {
      // An output that nobody reads is not kept.
      if (name !== '' && this.#lastUse.has(name)) this.set(name, results[i] as Dense)
    })
    for (const name of usedNames(node)) if (this.#lastUse.get(name) === place) this.#values.delete(name)
  }
}

const rounding: ReadonlySet<ElementType> = new Set(['float16', 'bfloat16'])

/** A value as it is kept: in the precision of its type, or with float32 as float64. */
function stored(value: Dense, double: boolean): Dense {
  const { elementType, shape, data } = value
  if (elementType === 'float32')
    return double
      ? { elementType: 'float64', shape, data: new Float64Array(data) }
      : { elementType, shape, data: data instanceof Float32Array ? data : new Float32Array(data) }
  return rounding.has(elementType) ? toDense(fromDense(value)) : value
}
