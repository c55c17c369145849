import { isConcrete } from '../base/index.ts'
import type { Analysis, Fusion, Node } from '../graph/index.ts'
import { activationAt, type WrittenOut } from '../ops/index.ts'

/**
 * Groups of nodes that a runtime computes in one go, in the order of the graph: an anchor with the followers after it
 * (convolution + BatchNormalization + activation), and a depthwise convolution with its followers, then a pointwise one with its own.
 * An activation that is written out in several nodes is one follower. A value passed inside a group has no other reader and is no output of the graph.
 */
export function fusedGroups(nodes: readonly Node[], analysis: Analysis): Node[][] {
  const { consumers, model } = analysis
  const writtenOut = new Map<Node, WrittenOut>()
  for (const node of nodes) {
    const found = activationAt(analysis, node)
    if (found) writtenOut.set(node, found)
  }
  const within = new Set([...writtenOut.values()].flatMap(({ members }) => members.slice(0, -1)))
  const graphOutputs = new Set(model.graph.outputs.map((o) => o.name))
  interface Group {
    readonly nodes: Node[]
    /** Whether a pointwise convolution may still join. */
    depthwise: boolean
  }
  const groups: Group[] = []
  /** The group whose last value this is. */
  const ending = new Map<string, Group>()
  for (const node of nodes) {
    if (within.has(node)) continue
    const activation = writtenOut.get(node)
    const members = activation?.members ?? [node]
    const kind = activation ? 'follower' : fusionOf(analysis, node)
    const [source = ''] = (activation?.node ?? node).inputs
    const before = ending.get(source)
    const passes =
      before !== undefined &&
      consumers.get(source)?.every((reader) => members.includes(reader)) &&
      !graphOutputs.has(source) &&
      (activation !== undefined || timesUsed(node, source) === 1)
    const joins = passes && (kind === 'follower' || (kind === 'pointwise' && before.depthwise))
    const group: Group = joins ? before : { nodes: [], depthwise: kind === 'depthwise' }
    if (joins) {
      ending.delete(source)
      if (kind === 'pointwise') group.depthwise = false
    } else groups.push(group)
    group.nodes.push(...members)
    // More outputs than one, or none of these kinds: nobody joins.
    const [output, ...more] = node.outputs.filter((o) => o !== '')
    if (kind && output && more.length === 0 && output === node.outputs[0] && (joins || kind !== 'follower'))
      ending.set(output, group)
  }
  return groups.map((g) => g.nodes)
}

const timesUsed = (node: Node, name: string): number => node.inputs.filter((n) => n === name).length

/** How a node joins its neighbours; undefined also where its shapes are open. */
export function fusionOf({ calls }: Pick<Analysis, 'calls'>, node: Node): Fusion | undefined {
  const known = calls.get(node)
  if (!known) return undefined
  const { fusion } = known.operator
  if (typeof fusion !== 'function') return fusion
  // Rules look at shapes; where those are open, the node stands alone.
  const shapes = [...known.call.inputs, ...known.call.outputs].filter((k) => k !== undefined)
  return shapes.every((k) => isConcrete(k.shape)) ? fusion(known.call) : undefined
}
