import type { Analysis, Node, Tensor } from '../graph/index.ts'
import { bodyParameters } from './bodies.ts'
import { countNode } from './count.ts'
import { ParameterFinder } from './parameters.ts'

/*
 * What a network's MACs and parameters consist of, for whoever looks for a smaller one and counts what changes again and again.
 */

/** Nodes that run, in order: what depends on constants and shapes alone is computed once. */
export function runningNodes({ model, constants }: Pick<Analysis, 'model' | 'constants'>): Node[] {
  return model.graph.nodes.filter((n) => n.outputs.some((o) => !constants.has(o)) || n.outputs.length === 0)
}

/** The MACs of every node that has any. What cannot be counted is left out. */
export function macsOf(analysis: Analysis): ReadonlyMap<Node, number> {
  const counts = runningNodes(analysis).map((node) => [node, countNode(analysis, node).macs ?? 0] as const)
  return new Map(counts.filter(([, macs]) => macs > 0))
}

/** Every stored tensor that is a parameter, once, those of bodies included. */
export function parametersOf(analysis: Analysis): ReadonlyMap<string, Tensor> {
  const finder = new ParameterFinder(analysis)
  const found = runningNodes(analysis).flatMap((node) => [
    ...finder.of(node),
    ...bodyParameters(analysis, analysis.calls.get(node)),
  ])
  return new Map(found.map(({ name, tensor }) => [name, tensor]))
}
