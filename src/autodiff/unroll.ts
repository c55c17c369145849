import { type Analysis, analyse, editGraph, makeNode, nodeLabel } from '../graph/index.ts'
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
  const editor = editGraph(model)
  const emit = new Emitter(editor)
  editor.rewrite((node) => {
    const known = calls.get(node)
    if (!known?.operator.unrolled || !node.outputs.some((o) => depends.has(o))) return node
    emit.prefix = nodeLabel(node)
    return known.operator.unrolled(known.call, emit).flatMap((value, i) => {
      const output = node.outputs[i]
      return output ? [makeNode('Identity', [value], [output], {}, { name: `${nodeLabel(node)}/${output}` })] : []
    })
  })
  return analyse(editor.model(), operators, options)
}
