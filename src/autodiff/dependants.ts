import type { Node } from '../graph/index.ts'

/** The values that depend on the given ones, these included. */
export function dependants(nodes: readonly Node[], values: readonly string[]): Set<string> {
  const found = new Set(values)
  for (const node of nodes)
    if (node.inputs.some((i) => found.has(i))) for (const o of node.outputs) if (o !== '') found.add(o)
  return found
}
