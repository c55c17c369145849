import { editGraph, type FunctionDefinition, type Model, type Node, opsetOf, subgraphsOf } from '../graph/index.ts'
import { opName, standIns } from '../ops/index.ts'

/** Model-local functions are there from this version on. */
const functionsSince = 8

const keyOf = (domain: string, name: string): string => `${domain}:${name}`

/**
 * The model with a function for every operator in it that only Kerf knows: any ONNX runtime can run the file then. Functions that the model
 * has already stay as they are.
 * @returns the same model when nothing is missing
 */
export function withOwnFunctions(model: Model): Model {
  const there = new Set(model.functions.map((f) => keyOf(f.domain, f.name)))
  const missing = new Map<string, FunctionDefinition>()
  const opset = opsetOf(model.opsetImports, '')
  for (const { domain, opType } of calls([...model.graph.nodes, ...model.functions.flatMap((f) => f.nodes)])) {
    const key = keyOf(domain, opType)
    if (there.has(key) || missing.has(key)) continue
    const name = opName({ domain, opType })
    // Of the table's own: a file may name an operator "constructor".
    const made = Object.hasOwn(standIns, name) ? standIns[name]?.(opset) : undefined
    if (made) missing.set(key, made)
  }
  if (missing.size === 0) return model
  return editGraph(model)
    .needsIrVersion(functionsSince)
    .setFunctions([...model.functions, ...missing.values()])
    .model()
}

/** Nodes, and those in their subgraphs. */
function* calls(nodes: readonly Node[]): Generator<Node, void> {
  for (const node of nodes) {
    yield node
    for (const graph of subgraphsOf(node)) yield* calls(graph.nodes)
  }
}
