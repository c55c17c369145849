import { type Analysis, allNames, analyse, type Graph, nodeLabel, opsetOf } from '../graph/index.ts'
import { dependants } from './dependants.ts'
import { Emitter } from './emitter.ts'

/**
 * Replaces nodes that do one thing again and again (recurrent ones) by what they do, once for each time, where gradients of `values` pass them.
 * @returns the same analysis where there are none
 */
export function unrollNodes(analysis: Analysis, values: readonly string[]): Analysis {
  const { model, operators, options, calls } = analysis
  const { graph } = model
  if (!graph.nodes.some((node) => calls.get(node)?.operator.unrolled)) return analysis
  const depends = dependants(graph.nodes, values)
  const unrolled: Graph = { ...graph, nodes: [], initializers: new Map(graph.initializers) }
  const emit = new Emitter(unrolled, allNames(graph), opsetOf(model.opsetImports, ''))
  for (const node of graph.nodes) {
    const known = calls.get(node)
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
  return analyse({ ...model, graph: unrolled }, operators, options)
}
