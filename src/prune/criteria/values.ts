import type { Labels, Node } from '../../graph/index.ts'
import type { ChannelTrace, Root } from '../channel-trace.ts'

/** A value of a network, and the axis along which some channels lie in it. */
export interface ChannelValue {
  readonly value: string
  readonly axis: number
}

/** Where in a value channels lie along one axis, in the order of these labels; undefined where they do not. */
export function alongOneAxis(trace: ChannelTrace, value: string, labels: Labels): ChannelValue | undefined {
  const same = (own: Labels) =>
    own.length === labels.length && own.every((l, i) => trace.labels.find(l) === trace.labels.find(labels[i]!))
  const track = trace.tracks.get(value)?.find((t) => t.axes.length === 1 && same(t.labels))
  return track && { value, axis: track.axes[0]! }
}

/**
 * What comes out of a layer behind its normalisation and activation function: nodes that keep shape and channels and are made of its result alone, as far
 * as nothing else reads what lies between.
 */
export function behindActivation(trace: ChannelTrace, { node: maker, labels }: Root): ChannelValue | undefined {
  const { model, values, constants, consumers } = trace.analysis
  const first = alongOneAxis(trace, maker.outputs[0] ?? '', labels)
  if (!first) return undefined
  const shapeOf = (value: string) => values.get(value)?.shape?.join()
  const shape = shapeOf(first.value)
  const layers = new Set(trace.roots.map((r) => r.node))
  const outputs = new Set(model.graph.outputs.map((o) => o.name))
  /** Nodes on the way, and what they make, in order. */
  const inside = new Map<Node, string>()
  const made = [first]
  const isMade = (value: string) => made.some((m) => m.value === value)
  for (const node of model.graph.nodes) {
    const data = node.inputs.filter((i) => i !== '' && !constants.has(i))
    const [output = '', ...others] = node.outputs
    const keeps = data.length > 0 && data.every(isMade) && others.every((o) => !consumers.has(o))
    const next =
      keeps && !layers.has(node) && shapeOf(output) === shape ? alongOneAxis(trace, output, labels) : undefined
    if (!next) continue
    inside.set(node, output)
    made.push(next)
  }
  const order = new Map([...inside.keys()].map((node, i) => [node, i + 1]))
  const isOnlyWay = (last: number) =>
    made
      .slice(0, last)
      .every(
        ({ value }) =>
          !outputs.has(value) && (consumers.get(value) ?? []).every((node) => (order.get(node) ?? made.length) <= last),
      )
  return made.findLast((_, i) => isOnlyWay(i))
}

/** What a layer that reads channels is given them in. */
export function readValue(trace: ChannelTrace, { node }: Root, labels: Labels): ChannelValue | undefined {
  const { constants } = trace.analysis
  for (const input of node.inputs) {
    const found = input === '' || constants.has(input) ? undefined : alongOneAxis(trace, input, labels)
    if (found) return found
  }
  return undefined
}
