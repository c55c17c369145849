import type { Known } from './call.ts'
import {
  GraphInference,
  type Inference,
  type InferenceOptions,
  type InferredBody,
  inferBody,
  storedTensors,
} from './infer.ts'
import type { Graph, Model, Node, Tensor } from './model.ts'
import type { OperatorSet } from './operator.ts'
import { consumersOf, producersOf } from './traverse.ts'

/**
 * Everything that walks ask of a model's graph: made once, and passed on. What is costly is worked out when first asked for.
 */
export interface Analysis extends Inference {
  /** That was analysed. */
  readonly model: Model
  /** That were asked. */
  readonly operators: OperatorSet
  /** The sizes that it is for. */
  readonly options: InferenceOptions
  /** Every tensor that the model itself holds, by the name of its value (`storedTensors`). */
  readonly stored: ReadonlyMap<string, Tensor>
  /** For every value that a node makes, that node. */
  readonly producers: ReadonlyMap<string, Node>
  /** For every value, the nodes that read it, each once, also from inside their bodies. */
  readonly consumers: ReadonlyMap<string, readonly Node[]>
}

/**
 * Shapes, element types and small values of everything in a graph, in one pass in topological order. Weights are not read.
 * Outputs of operators that the set does not know are taken from the file's value_info.
 * @throws NodeError where a node's inputs and attributes do not fit together, or where what is inferred contradicts a given output
 */
export function analyse(model: Model, operators: OperatorSet, options: InferenceOptions = {}): Analysis {
  const inference = new GraphInference(model, operators, options)
  for (const node of model.graph.nodes) inference.visit(node)
  return new GraphAnalysis(model, operators, options, inference)
}

/** What is known of a body of a node (If, Loop, Scan). Its model has the body in place of the graph, with all that is stored around it. */
export interface BodyAnalysis extends Analysis {
  /** What is known of the body's outputs. */
  readonly outputs: readonly Known[]
}

/**
 * @param around the graph that the node stands in
 * @param inputs what is known of the body's inputs
 */
export function analyseBody(around: Analysis, body: Graph, inputs: readonly (Known | undefined)[]): BodyAnalysis {
  const { model, operators } = around
  const initializers = new Map([...model.graph.initializers, ...body.initializers])
  // Constants of the graph around are stored tensors to the body, too: whoever looks for weights finds them.
  const outside = model.graph.nodes.filter((n) => n.outputs.every((o) => around.constants.has(o)))
  const inner: Model = { ...model, graph: { ...body, initializers, nodes: [...outside, ...body.nodes] } }
  return new GraphBodyAnalysis(inner, operators, inferBody(model, operators, around, body, inputs, around.options))
}

class GraphAnalysis implements Analysis {
  readonly model: Model
  readonly operators: OperatorSet
  readonly options: InferenceOptions
  readonly values: Inference['values']
  readonly calls: Inference['calls']
  readonly constants: Inference['constants']
  #stored: ReadonlyMap<string, Tensor> | undefined
  #producers: ReadonlyMap<string, Node> | undefined
  #consumers: ReadonlyMap<string, readonly Node[]> | undefined

  constructor(
    model: Model,
    operators: OperatorSet,
    options: InferenceOptions,
    { values, calls, constants }: Inference,
  ) {
    this.model = model
    this.operators = operators
    this.options = options
    this.values = values
    this.calls = calls
    this.constants = constants
  }

  get stored(): ReadonlyMap<string, Tensor> {
    this.#stored ??= storedTensors(this.model, this)
    return this.#stored
  }

  get producers(): ReadonlyMap<string, Node> {
    this.#producers ??= producersOf(this.model.graph)
    return this.#producers
  }

  get consumers(): ReadonlyMap<string, readonly Node[]> {
    this.#consumers ??= consumersOf(this.model.graph)
    return this.#consumers
  }
}

class GraphBodyAnalysis extends GraphAnalysis implements BodyAnalysis {
  readonly outputs: readonly Known[]

  constructor(model: Model, operators: OperatorSet, { inference, outputs }: InferredBody) {
    super(model, operators, {}, inference)
    this.outputs = outputs
  }
}
