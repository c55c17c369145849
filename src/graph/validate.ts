import { elementCount, getOrAdd, KerfError, mostAxes } from '../base/index.ts'
import { type FunctionDefinition, type Graph, type Model, type Node, nodeLabel, type ValueInfo } from './model.ts'
import { subgraphsOf, usedNames } from './traverse.ts'

/** Larger than any dimension of a real tensor: what a damaged file says. */
const absurdDimension = 2 ** 40
const absurdCount = 2 ** 50

const invalid = (message: string, details: Record<string, unknown> = {}) =>
  new KerfError('invalid-graph', message, details)

/**
 * Checks what every walk relies on: each value defined once, before it is used; every output made; dimensions possible. Nodes that are
 * merely out of order are put in topological order (older exporters write such files).
 * @returns the same model, or one with its nodes sorted
 * @throws KerfError `invalid-graph` naming the place: cyclic, dangling, duplicate, negative or absurd dimension
 */
export function validated(model: Model): Model {
  for (const [domain, version] of model.opsetImports)
    if (!(version >= 1))
      throw invalid(
        `The model speaks version ${version} of the operator set "${domain || 'ai.onnx'}", which cannot be. The file is damaged; export it again.`,
        { domain, version },
      )
  const graph = checkGraph(model.graph, () => false, 'The graph')
  const functions = model.functions.map(checkFunction)
  const isSame = graph === model.graph && functions.every((f, i) => f === model.functions[i])
  return isSame ? model : { ...model, graph, functions }
}

/** Functions see nothing of the graph that calls them. */
function checkFunction(definition: FunctionDefinition): FunctionDefinition {
  const values = (names: readonly string[]) => names.map((name): ValueInfo => ({ name, type: undefined }))
  const { name, nodes } = definition
  const body: Graph = {
    ...{ name, nodes, initializers: new Map(), valueInfo: new Map() },
    ...{ inputs: values(definition.inputs), outputs: values(definition.outputs) },
  }
  const checked = checkGraph(body, () => false, `The function "${name}"`)
  return checked === body ? definition : { ...definition, nodes: checked.nodes }
}

/** @param isOutside whether the graph around has a value */
function checkGraph(graph: Graph, isOutside: (name: string) => boolean, place: string): Graph {
  const own = new Set<string>()
  const inputs = new Set<string>()
  const define = (name: string, by: Node | string) => {
    const maker = () => (typeof by === 'string' ? by : `by ${by.opType} "${nodeLabel(by)}"`)
    // Nodes leave an input out by the empty name, which would find it.
    if (name === '') throw invalid(`${place} defines a value without a name (${maker()}). Export the model again.`)
    if (own.has(name))
      throw invalid(
        `${place} defines the value "${name}" twice (the second time: ${maker()}). Every name must be unique; export the model again.`,
        { value: name },
      )
    own.add(name)
  }
  const isDefined = (name: string) => own.has(name) || isOutside(name)
  for (const input of graph.inputs) {
    define(input.name, 'as an input')
    inputs.add(input.name)
    if (input.type?.kind === 'tensor') checkDimensions(input.type.shape ?? [], `input "${input.name}"`)
  }
  for (const [name, tensor] of graph.initializers) {
    if (!inputs.has(name)) define(name, 'as an initializer')
    checkDimensions(tensor.shape, `initializer "${name}"`)
  }
  for (const info of graph.valueInfo.values())
    if (info.type?.kind === 'tensor') checkDimensions(info.type.shape ?? [], `value "${info.name}"`)
  for (const node of graph.nodes) for (const name of node.outputs) if (name !== '') define(name, node)
  for (const node of graph.nodes)
    for (const name of usedNames(node))
      if (!isDefined(name))
        throw invalid(
          `${node.opType} "${nodeLabel(node)}" reads "${name}", which nothing in the model makes. The file is incomplete; export it again.`,
          { value: name },
        )
  for (const output of graph.outputs)
    if (!isDefined(output.name))
      throw invalid(`Graph output "${output.name}" is made by no node. The file is incomplete; export it again.`, {
        value: output.name,
      })
  for (const node of graph.nodes)
    for (const sub of subgraphsOf(node)) checkGraph(sub, isDefined, `The body of ${node.opType} "${nodeLabel(node)}"`)
  const nodes = topologicalOrder(graph, place)
  return nodes === graph.nodes ? graph : { ...graph, nodes }
}

function checkDimensions(shape: readonly (number | string)[], place: string): void {
  if (shape.length > mostAxes)
    throw invalid(`${place} has ${shape.length} axes, more than any tensor has. The file is damaged; export it again.`)
  for (const d of shape)
    if (typeof d === 'number' && (d < 0 || d > absurdDimension || !Number.isInteger(d)))
      throw invalid(`${place} has the impossible dimension ${d} in [${shape}]. The file is damaged; export it again.`, {
        shape,
      })
  if ((elementCount(shape) ?? 0) > absurdCount)
    throw invalid(
      `${place} [${shape}] would hold more elements than any memory. The file is damaged; export it again.`,
      { shape },
    )
}

/** Whether no node reads what is made behind it. */
function isInOrder({ nodes }: Graph, madeHere: ReadonlySet<string>): boolean {
  const ready = new Set<string>()
  return nodes.every((node) => {
    if (usedNames(node).some((name) => madeHere.has(name) && !ready.has(name))) return false
    for (const name of node.outputs) ready.add(name)
    return true
  })
}

/** The same array when it is in order already. */
function topologicalOrder(graph: Graph, place: string): readonly Node[] {
  const madeHere = new Set<string>()
  for (const { outputs } of graph.nodes) for (const name of outputs) if (name !== '') madeHere.add(name)
  if (isInOrder(graph, madeHere)) return graph.nodes
  const waitingFor = new Map<string, Node[]>()
  const missing = new Map<Node, number>()
  const queue: Node[] = []
  for (const node of graph.nodes) {
    const names = new Set(usedNames(node).filter((name) => madeHere.has(name)))
    missing.set(node, names.size)
    if (names.size === 0) queue.push(node)
    for (const name of names) getOrAdd(waitingFor, name, () => []).push(node)
  }
  const sorted: Node[] = []
  for (let at = 0; at < queue.length; at++) {
    const node = queue[at]!
    sorted.push(node)
    for (const output of node.outputs)
      for (const waiting of waitingFor.get(output) ?? []) {
        const left = missing.get(waiting)! - 1
        missing.set(waiting, left)
        if (left === 0) queue.push(waiting)
      }
  }
  if (sorted.length === graph.nodes.length) return sorted
  const stuck = graph.nodes.filter((n) => missing.get(n)! > 0)
  const names = stuck.slice(0, 4).map((n) => `${n.opType} "${nodeLabel(n)}"`)
  throw invalid(
    `${place} has a cycle through ${names.join(' → ')}${stuck.length > 4 ? ' …' : ''}. ONNX graphs must be acyclic; export the model again.`,
    { nodes: stuck.map(nodeLabel) },
  )
}
