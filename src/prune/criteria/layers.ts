import { type Labels, type Node, nodeLabel } from '../../graph/index.ts'
import type { ChannelTrace, Root } from '../channel-trace.ts'
import type { ChannelGroup, ChannelGroups } from '../groups.ts'
import type { ScoredGroup, ScoredLayer } from './criterion.ts'
import type { ChannelAxis } from './rows.ts'
import { behindActivation, type ChannelValue, readValue } from './values.ts'

/** A scored layer with what is known of it. */
export interface Layer extends ScoredLayer {
  /** The weight's value, and where the channels lie in it. */
  readonly weight: { readonly value: string; readonly axis: ChannelAxis }
  /** What is looked at when images run; undefined where the channels are not one axis of it. */
  readonly activation: () => ChannelValue | undefined
  /** Those that calculate with the weight: a weight may be shared. */
  readonly nodes: readonly Node[]
}

export interface Group extends ScoredGroup {
  readonly layers: readonly Layer[]
  readonly readers: readonly Layer[]
  readonly normalisations: readonly Layer[]
}

/** The groups as criteria see them, in order. */
export const scoredGroups = (found: ChannelGroups): Group[] =>
  found.groups.map((group) => {
    const indexOf = indicesOf(found.trace, group)
    return {
      name: group.name,
      channels: group.classes.length,
      layers: group.roots.map((root) => makerOf(found, group, root)),
      readers: readersOf(found.trace, indexOf),
      normalisations: normalisationsOf(found.trace, indexOf),
    }
  })

/** Which channel of a group each label is; −1: none. */
type IndicesOf = (labels: Labels) => Int32Array

function indicesOf(trace: ChannelTrace, { classes }: ChannelGroup): IndicesOf {
  const indices = new Map(classes.map((c, i) => [trace.labels.find(c.label), i]))
  return (labels) => Int32Array.from(labels, (label) => indices.get(trace.labels.find(label)) ?? -1)
}

function makerOf({ trace }: ChannelGroups, { classes }: ChannelGroup, root: Root): Layer {
  const of = new Int32Array(root.labels.length).fill(-1)
  classes.forEach((c, i) => {
    for (const index of c.members.get(root) ?? []) of[index] = i
  })
  return {
    node: nodeLabel(root.node),
    tensor: root.tensor,
    channels: root.labels.length,
    of,
    weight: { value: root.weight.value, axis: root.grouped ?? root.weight.axis },
    activation: () => behindActivation(trace, root),
    nodes: nodesOf(trace, root.tensor),
  }
}

const nodesOf = ({ roots }: ChannelTrace, tensor: string): Node[] => [
  ...new Set(roots.filter((r) => r.tensor === tensor).map((r) => r.node)),
]

/** Layers that take channels of the group in: their weights have them on another axis than that of what they make. */
function readersOf(trace: ChannelTrace, indexOf: IndicesOf): Layer[] {
  const known = new Set<string>()
  return trace.roots.flatMap((root) => {
    const axes: [ChannelAxis, Labels][] = [...(trace.tensorAxes.get(root.tensor) ?? [])].filter(
      ([axis]) => axis !== root.axis,
    )
    const grouped = trace.groupedAxes.get(root.tensor)
    if (grouped && !root.grouped) axes.push([grouped, grouped.labels])
    if (known.has(root.tensor)) return []
    known.add(root.tensor)
    return axes.flatMap(([axis, labels]): Layer[] => {
      const of = indexOf(labels)
      if (of.every((i) => i < 0)) return []
      return [
        {
          node: nodeLabel(root.node),
          tensor: root.tensor,
          channels: labels.length,
          of,
          weight: { value: root.tensor, axis },
          activation: () => readValue(trace, root, labels),
          nodes: nodesOf(trace, root.tensor),
        },
      ]
    })
  })
}

/** Normalisations whose factors are stored, one for each of the channels. */
function normalisationsOf(trace: ChannelTrace, indexOf: IndicesOf): Layer[] {
  const known = new Set<string>()
  return trace.analysis.model.graph.nodes.flatMap((node): Layer[] => {
    const scale = trace.analysis.calls.get(node)?.operator.channels?.scale
    const tensor = scale === undefined ? undefined : node.inputs[scale]
    if (tensor === undefined || known.has(tensor)) return []
    known.add(tensor)
    return [...(trace.tensorAxes.get(tensor) ?? [])].flatMap(([axis, labels]): Layer[] => {
      const of = indexOf(labels)
      if (of.every((i) => i < 0)) return []
      return [
        {
          ...{ node: nodeLabel(node), tensor, channels: labels.length, of, weight: { value: tensor, axis } },
          ...{ activation: () => undefined, nodes: [] },
        },
      ]
    })
  })
}
