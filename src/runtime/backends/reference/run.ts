import { atOnce, type ElementType, KerfError, MemoryBudget, type Rounds } from '../../../base/index.ts'
import {
  AttributeReader,
  type BodyRun,
  bytesOfDense,
  type Dense,
  type Graph,
  graphInputs,
  type Model,
  type Node,
  type Operator,
  type OperatorSet,
  opsetOf,
  simplified,
  tensorValues,
  usedNames,
  withoutDeadCode,
  withoutUnreadOutputs,
} from '../../../graph/index.ts'
import { runnableOperators } from '../../../ops/index.ts'
import { checkNoneMissing } from '../../feeds.ts'
import { fromDense, type HostTensor, toDense } from '../../tensor.ts'
import { calculate } from './calculate.ts'

/*
 * The reference backend: every node by its operator's scalar definition, in the file's order. Slow, and the oracle of the others.
 */

/** How the reference calculates, and what it gives back. */
export interface ReferenceOptions {
  /**
   * 'float32' (default): each node calculates in doubles and its float32 results are rounded. 'float64': what is float32 in the model is
   * calculated, kept and returned as float64.
   */
  readonly precision?: 'float32' | 'float64'
  /** Names of the values to return: by default the graph's outputs; others are for finding where two runs part. */
  readonly outputs?: readonly string[]
  /** What is known of operators. Default `runnableOperators`. */
  readonly operators?: OperatorSet
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
  { precision, outputs, operators = runnableOperators }: ReferenceOptions = {},
): Map<string, HostTensor> {
  const inputShapes = new Map([...feeds].map(([name, { shape }]) => [name, shape]))
  const inlined = simplified(model, operators, { inputShapes, trustsFile: false })
  const graph = wanted(inlined.graph, outputs)
  checkNoneMissing(graphInputs(graph), (name) => feeds.has(name))
  const values = new Map([...feeds].map(([name, tensor]) => [name, toDense(tensor)]))
  const results = atOnce(calculateGraph({ ...inlined, graph }, operators, values, precision))
  return new Map([...results].map(([name, value]) => [name, fromDense(value)]))
}

/**
 * Runs a simplified model once, and yields after every node.
 * @param values of its inputs, which are not changed
 */
export function* calculateGraph(
  model: Model,
  operators: OperatorSet,
  values: ReadonlyMap<string, Dense>,
  precision: ReferenceOptions['precision'] = 'float32',
): Rounds<Map<string, Dense>> {
  const { graph } = model
  const run = new Run(model, operators, graph, precision === 'float64')
  for (const [name, value] of values) run.set(name, value)
  for (const [i, node] of graph.nodes.entries()) {
    run.node(node, i)
    yield { done: i + 1, total: graph.nodes.length }
  }
  return new Map(graph.outputs.map(({ name }) => [name, run.get(name)]))
}

/** The part of a graph that makes the given values. */
function wanted(graph: Graph, outputs: readonly string[] | undefined): Graph {
  const part = outputs ? { ...graph, outputs: outputs.map((name) => ({ name, type: undefined })) } : graph
  return withoutUnreadOutputs(withoutDeadCode(part))
}

class Run {
  readonly #model: Model
  readonly #operators: OperatorSet
  readonly #graph: Graph
  readonly #double: boolean
  readonly #values = new Map<string, Dense>()
  readonly #memory: MemoryBudget
  /** The last node that reads a value. */
  readonly #lastUse = new Map<string, number>()

  readonly #around: Run | undefined

  /** @param around the run of the graph whose values a body reads */
  constructor(model: Model, operators: OperatorSet, graph: Graph, double: boolean, around?: Run) {
    this.#around = around
    this.#model = model
    this.#operators = operators
    this.#graph = graph
    this.#double = double
    this.#memory = new MemoryBudget(around ? around.#memory.left : undefined)
    graph.nodes.forEach((node, i) => {
      for (const name of usedNames(node)) this.#lastUse.set(name, i)
    })
    for (const { name } of graph.outputs) this.#lastUse.set(name, graph.nodes.length)
  }

  set(name: string, value: Dense): void {
    const kept = stored(value, this.#double)
    this.#forget(name)
    this.#memory.take(bytesOfDense(kept), `The value "${name}"`, 'Use a smaller batch or input')
    this.#values.set(name, kept)
  }

  #forget(name: string): void {
    const value = this.#values.get(name)
    if (!value) return
    this.#memory.give(bytesOfDense(value))
    this.#values.delete(name)
  }

  /** A fed or calculated value, or a stored tensor, which is read when it is first needed. */
  get(name: string): Dense {
    const value = this.#values.get(name)
    if (value) return value
    const tensor = this.#graph.initializers.get(name)
    if (!tensor && this.#around) return this.#around.get(name)
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
    const opset = opsetOf(this.#model.opsetImports, node.domain)
    const operator = this.#operators.get(node.domain, node.opType)
    const results = operator?.control
      ? this.#control(operator, node, opset, inputs)
      : calculate(operator, node, opset, inputs, this.#memory)
    node.outputs.forEach((name, i) => {
      // An output that nobody reads is not kept.
      if (name !== '' && this.#lastUse.has(name)) this.set(name, results[i]!)
    })
    for (const name of usedNames(node)) if (this.#lastUse.get(name) === place) this.#forget(name)
  }

  /** A node that runs bodies. */
  #control(operator: Operator, node: Node, opset: number, inputs: readonly (Dense | undefined)[]): readonly Dense[] {
    const known = inputs.map((x) => x && { elementType: x.elementType, shape: x.shape, value: x })
    const attributes = operator.attributes(new AttributeReader(node), opset)
    const rounds = operator.run!({ node, attributes, opset, inputs: known }, inputs)
    let state = rounds.next()
    while (!state.done) {
      let made: Dense[]
      try {
        made = this.#body(state.value)
      } catch (error) {
        state = rounds.throw(error)
        continue
      }
      state = rounds.next(made)
    }
    return state.value
  }

  #body({ graph, inputs }: BodyRun): Dense[] {
    const live = withoutDeadCode(graph)
    const run = new Run(this.#model, this.#operators, live, this.#double, this)
    graph.inputs.forEach(({ name }, i) => {
      run.set(name, inputs[i]!)
    })
    for (const [i, node] of live.nodes.entries()) run.node(node, i)
    return live.outputs.map(({ name }) => run.get(name))
  }
}

const rounding: ReadonlySet<ElementType> = new Set(['float16', 'bfloat16'])

/** A value as it is kept: in the precision of its type, or with float32 as float64. */
function stored(value: Dense, double: boolean): Dense {
  const { elementType, shape, data, sequence } = value
  if (sequence) return { ...value, sequence: sequence.map((element) => stored(element, double)) }
  if (elementType === 'float32')
    return double
      ? { elementType: 'float64', shape, data: new Float64Array(data) }
      : { elementType, shape, data: data instanceof Float32Array ? data : new Float32Array(data) }
  return rounding.has(elementType) ? toDense(fromDense(value)) : value
}
