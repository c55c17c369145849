import { isConcrete, isFloating } from '../base/index.ts'
import { type Analysis, type Node, nodeLabel } from '../graph/index.ts'
import type { ChannelTrace } from './channel-trace.ts'
import { Recomputed } from './recomputed.ts'

/*
 * Exported graphs ask for widths to shape tensors with them, and those follow a cut. Some calculate with them as well: attention divides
 * by the root of its width. A narrower layer would then change numbers, so such channels stay.
 */

/** Freezes channels whose number reaches, through Shape or Size, a number that the running network calculates with. */
export function freezeWidthsThatCount(trace: ChannelTrace): void {
  const { values, constants, producers, consumers, model } = trace.analysis
  const outputs = new Set(model.graph.outputs.map((o) => o.name))
  const isNumber = (name: string) => {
    const type = values.get(name)?.elementType
    return type === 'bool' || (type !== undefined && isFloating(type))
  }
  const runs = (node: Node) => node.outputs.some((o) => !constants.has(o))
  for (const [value, node] of producers) {
    if (!constants.has(value)) continue
    if (!outputs.has(value) && !(isNumber(value) && consumers.get(value)?.some(runs))) continue
    for (const asking of askingForShapes(trace.analysis, node)) freezeWhatMatters(trace, value, asking)
  }
}

/** Nodes of which only the inputs' shapes matter (Shape, Size), behind a constant. */
function askingForShapes({ calls, producers }: Analysis, node: Node): Set<Node> {
  const found = new Set<Node>()
  const seen = new Set<Node>()
  const open = [node]
  for (let n = open.pop(); n; n = open.pop()) {
    if (seen.has(n)) continue
    seen.add(n)
    if (calls.get(n)?.operator.computable === false) {
      found.add(n)
      continue
    }
    for (const name of n.inputs) {
      const source = producers.get(name)
      if (source) open.push(source)
    }
  }
  return found
}

function freezeWhatMatters(trace: ChannelTrace, value: string, asking: Node): void {
  const contentWith = (changed: string, shape: readonly number[] | undefined) => {
    const remaining = { shapeOf: (name: string) => (name === changed ? shape : undefined), ofTensor: () => undefined }
    try {
      const content = new Recomputed(trace.analysis, remaining).content(value)
      return content && `${content.shape}:${Array.from(content.data)}`
    } catch {
      // A width at which the arithmetic fails matters.
      return undefined
    }
  }
  for (const name of asking.inputs) {
    const shape = trace.analysis.values.get(name)?.shape
    const tracks = trace.tracks.get(name) ?? []
    if (!isConcrete(shape) || tracks.length === 0) continue
    const before = contentWith(name, shape)
    for (const track of tracks)
      for (const axis of track.axes) {
        const size = shape[axis]!
        const others = new Set([size - 1, Math.ceil(size / 2), 1].filter((d) => d > 0 && d < size))
        const same = before !== undefined && [...others].every((d) => contentWith(name, shape.with(axis, d)) === before)
        if (same) continue
        const reason = {
          node: nodeLabel(asking),
          why: 'how many channels there are is a number that the network calculates with',
        }
        for (const label of track.labels) trace.labels.freeze(label, reason)
      }
  }
}
