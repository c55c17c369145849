import { allNames, type Graph, inferGraph, type Model, nodeLabel, opsetOf } from '../graph/index.ts'
import { operators } from '../ops/index.ts'
import { dependants } from './dependants.ts'
import { Emitter } from './emitter.ts'

/**
 * Replaces nodes that do one thing again and again (recurrent ones) by what they do, once for each time, where gradients of `values` pass them.
 * @param inputShapes concrete shapes of the graph's inputs
 * @returns the same graph where there are none
 */
export function unrollNodes(
  model: Model,
  values: readonly string[],
  inputShapes: ReadonlyMap<string, readonly number[]>,
): Graph {
  const { graph } = model
  if (!graph.nodes.some((node) => operators.get(node.domain, node.opType)?.unrolled)) return graph
  const inference = inferGraph(model, operators, { inputShapes })
  const depends = dependants(graph.nodes, values)
  const unrolled: Graph = { ...graph, nodes: [], initializers: new Map(graph.initializers) }
  const emit = new Emitter(unrolled, allNames(graph), opsetOf(model.opsetImports, ''))
  for (const node of graph.nodes) {
    const known = inference.calls.get(node)
    if (!known?.operator.unrolled || !node.outputs.some((o) => depends.has(o))) {
      unrolled.nodes.push(node)
      continue
    }
    emit.prefix = nodeLabel(node)
    known.operator.unrolled(known.call, emit).forEach((value, i) => {
      const output = node.outputs[i]
      if (output)
        unrolled.nodes.push({
          name: `${nodeLabel(node)}/${output}`,
          opType: 'Identity',
          domain: '',
          inputs: [value],
          outputs: [output],
          attributes: new Map(),
        })
    })
  }
  return unrolled
}
