import { elementCount } from '../base/index.ts'
import { macsOf, parametersOf } from '../cost/index.ts'
import { AttributeReader, editGraph, type Known, type Node } from '../graph/index.ts'
import { Removal } from './cut.ts'
import type { ChannelGroups } from './groups.ts'

/*
 * A search for a target tries many cuts, of which it needs one number each. That follows from the widths that remain: parameters are the sizes of
 * what is cut, and a layer's MACs are what its operator says for its new shapes. Nothing is built, and no shape is inferred anew.
 */

/** Counts what would remain after the removal of channels, by the representative labels of their classes. */
export type Recount = (removed: ReadonlySet<number>) => number

/** Parameters: every stored tensor that is one now. That the values which remain may follow a formula then, and be none, is not seen. */
function parametersAfter(found: ChannelGroups): Recount {
  const parameters = parametersOf(found.trace.analysis)
  return (removed) => {
    const { tensors } = removalOf(found, removed)
    return [...parameters].reduce((sum, [name, now]) => sum + elementCount((tensors.get(name) ?? now).shape)!, 0)
  }
}

function macsAfter(found: ChannelGroups): Recount {
  const layers = [...macsOf(found.trace.analysis)]
  return (removed) => {
    const removal = removalOf(found, removed)
    return layers.reduce((sum, [node, macs]) => sum + (macsOfCut(found, removal, node) ?? macs), 0)
  }
}

/** Undefined where a node stays as it is. */
function macsOfCut({ trace }: ChannelGroups, removal: Removal, node: Node): number | undefined {
  const known = trace.analysis.calls.get(node)
  if (typeof known?.operator.cost !== 'function') return undefined
  let changed = false
  const narrowed = (name: string, before: Known | undefined): Known | undefined => {
    const shape = name === '' ? undefined : removal.shapeOf(name)
    if (!before || !shape || shape.every((d, axis) => d === before.shape?.[axis])) return before
    changed = true
    return { elementType: before.elementType, shape }
  }
  const { operator, call } = known
  const inputs = call.inputs.map((k, i) => narrowed(node.inputs[i]!, k))
  const outputs = call.outputs.map((k, i) => narrowed(node.outputs[i]!, k))
  if (!changed) return undefined
  const cut = removal.cutNode(node)!.node
  const attributes = operator.attributes(new AttributeReader(cut), call.opset)
  return known.operator.cost({ ...call, node: cut, attributes, inputs, outputs }).macs ?? 0
}

const removalOf = (found: ChannelGroups, removed: ReadonlySet<number>): Removal =>
  new Removal(found, removed, editGraph(found.trace.analysis.model))

export const recounts: Readonly<Record<'macs' | 'params', (found: ChannelGroups) => Recount>> = {
  macs: macsAfter,
  params: parametersAfter,
}
