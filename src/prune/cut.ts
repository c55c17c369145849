import { isConcrete, KerfError } from '../base/index.ts'
import {
  type Analysis,
  analyse,
  editGraph,
  type GraphEditor,
  keepIndices,
  type Model,
  type Node,
  nodeLabel,
  type Shuffle,
  type Tensor,
  type ValueInfo,
} from '../graph/index.ts'
import type { ChannelTrace } from './channel-trace.ts'
import type { ChannelGroups } from './groups.ts'
import { gather, NodeCut } from './node-cut.ts'
import { Recomputed } from './recomputed.ts'
import { Survivors } from './survivors.ts'
import { keepGrouped, withZeros } from './weights.ts'

/** What the removal of some channels makes of tensors, shapes and nodes. */
export class Removal {
  readonly survivors: Survivors
  /** Tensors that shrink, by name; their content is computed when it is asked for. */
  readonly tensors: ReadonlyMap<string, Tensor>
  readonly #trace: ChannelTrace
  readonly #editor: GraphEditor
  readonly #recomputed: Recomputed

  /**
   * @param removed representative labels of the classes that go
   * @param editor takes the constants that nodes need
   */
  constructor({ trace }: ChannelGroups, removed: ReadonlySet<number>, editor: GraphEditor) {
    this.#trace = trace
    this.#editor = editor
    this.survivors = new Survivors(trace, removed)
    this.tensors = cutTensors(trace, this.survivors)
    this.#recomputed = new Recomputed(trace.analysis, this.survivors)
  }

  /** A node as its rule cuts it; undefined for an operator that is not known. */
  cutNode(node: Node): NodeCut | undefined {
    const { analysis } = this.#trace
    const known = analysis.calls.get(node)
    if (!known) return undefined
    const cut = new NodeCut(node, this.#trace, this.survivors, this.#recomputed, this.#editor)
    const shrinks = [...node.inputs, ...node.outputs].some(
      (v) => v !== '' && this.survivors.shapeOf(v)?.join() !== shapeBefore(analysis.values.get(v)?.shape),
    )
    if (shrinks) known.operator.channels?.cut?.(known.call, cut)
    // What shape arithmetic makes of fewer channels is for those that shrink with them.
    else if (runs(this.#trace, node)) cut.keepSizes()
    return cut
  }

  /** Undefined where it was not known before. */
  shapeOf(value: string): readonly number[] | undefined {
    return this.tensors.get(value)?.shape ?? this.survivors.shapeOf(value)
  }
}

function cutTensors(trace: ChannelTrace, survivors: Survivors): Map<string, Tensor> {
  const cut = new Map<string, Tensor>()
  for (const name of new Set([...trace.tensorAxes.keys(), ...trace.groupedAxes.keys()])) {
    const tensor = trace.analysis.stored.get(name)!
    const keep = new Map<number, Int32Array>()
    for (const [axis, labels] of trace.tensorAxes.get(name) ?? []) {
      const kept = survivors.of(labels)
      if (kept) keep.set(axis, kept)
    }
    const grouped = trace.groupedAxes.get(name)
    if (grouped && (keep.size > 0 || survivors.of(grouped.labels)))
      cut.set(name, keepGrouped(tensor, grouped, keep.get(grouped.rows), survivors))
    else if (keep.size > 0) cut.set(name, keepIndices(tensor, keep))
  }
  return cut
}

/** Where a surviving old index lies in the new numbering. */
const newPositions = (kept: Int32Array): Map<number, number> => new Map(Array.from(kept, (old, i) => [old, i]))

function cutShuffle(shuffle: Shuffle, survivors: Survivors, editor: GraphEditor): Node {
  const size = shuffle.order.length
  const all = Int32Array.from({ length: size }, (_, i) => i)
  const position = newPositions(survivors.ofValue(shuffle.from, shuffle.axis) ?? all)
  const indices = Array.from(
    survivors.ofValue(shuffle.to, shuffle.axis) ?? all,
    (i) => position.get(shuffle.order[i]!)!,
  )
  return gather(shuffle.last, shuffle.from, shuffle.axis, editor.ints(`${nodeLabel(shuffle.last)}_indices`, indices))
}

/** A value's declared type with the axes that shrank; symbolic dimensions stay symbolic. */
function cutInfo(info: ValueInfo, survivors: Survivors, tensors: ReadonlyMap<string, Tensor>): ValueInfo {
  if (info.type?.kind !== 'tensor' || !info.type.shape) return info
  const shape =
    tensors.get(info.name)?.shape ?? info.type.shape.map((d, axis) => survivors.ofValue(info.name, axis)?.length ?? d)
  return { ...info, type: { ...info.type, shape } }
}

/**
 * Removes channels from the whole graph: weights, group numbers, split sizes, reshape targets, declared types.
 * The input model is not changed; the new weights are computed when their bytes are asked for.
 * @param removed representative labels of the classes to remove
 * @returns the smaller model, for the sizes that channels were found for
 * @throws NodeError, KerfError `internal` where its shapes do not fit: see `withoutMisfits`
 */
export function cutModel(found: ChannelGroups, removed: ReadonlySet<number>): Analysis {
  const { model, operators, options } = found.trace.analysis
  const editor = editGraph(model)
  const removal = new Removal(found, removed, editor)
  const { survivors, tensors } = removal
  const shuffled = new Map(
    found.shuffles.filter((s) => !s.through.every((v) => survivors.isBox(v))).map((s) => [s.last, s]),
  )
  const inside = new Set([...shuffled.values()].flatMap((s) => s.through))
  editor.rewrite((node) => {
    const shuffle = shuffled.get(node)
    if (shuffle) return cutShuffle(shuffle, survivors, editor)
    // What lies inside a replaced shuffle is dead after the cut.
    const cut = node.outputs.some((o) => inside.has(o)) ? undefined : removal.cutNode(node)
    return cut ? [...cut.before, cut.node] : node
  })
  for (const [name, tensor] of tensors) editor.replaceStored(name, tensor, { sameFill: true })
  editor.mapInfos((info) => cutInfo(info, survivors, tensors)).dropDead()
  const cut = analyse(editor.model(), operators, options)
  checkShapes(found, cut, survivors)
  return cut
}

/** Whether a node depends on what is fed, and not on shapes and stored tensors alone. */
const runs = ({ analysis }: ChannelTrace, node: Node): boolean =>
  node.outputs.some((o) => o !== '' && !analysis.constants.has(o))

const shapeBefore = (shape: readonly (number | string)[] | undefined): string | undefined =>
  isConcrete(shape) ? shape.join() : undefined

/** Holds the shapes of the cut graph, inferred anew, against what the labels say. */
function checkShapes({ trace }: ChannelGroups, after: Analysis, survivors: Survivors): void {
  for (const [value] of trace.tracks) {
    const expected = survivors.shapeOf(value)
    const got = after.values.get(value)?.shape
    if (expected && isConcrete(got) && got.join() !== expected.join())
      throw new KerfError(
        'internal',
        `After the cut "${value}" has shape [${got}], [${expected}] was expected. This is a defect in Kerf; please report it with the model.`,
        { value, expected, got },
      )
  }
}

/**
 * The network with the same channels masked instead of removed: in every weight that makes or reads them they are zero. It has the old
 * shapes and gives the same outputs as the cut one; that is what `check` compares. Other parameters keep their values but where a channel must be 0.
 */
export function maskedModel(found: ChannelGroups, removed: ReadonlySet<number>): Model {
  const { trace } = found
  const { model } = trace.analysis
  const survivors = new Survivors(trace, removed)
  const editor = editGraph(model)
  const masked = [...trace.roots.map((r) => r.tensor), ...trace.groupedAxes.keys(), ...trace.vanishing]
  for (const name of new Set(masked)) {
    const zeros = new Map<number, Set<number>>()
    for (const [axis, labels] of trace.tensorAxes.get(name) ?? []) {
      const lost = new Set([...labels.keys()].filter((i) => survivors.isRemoved(labels[i]!)))
      if (lost.size > 0) zeros.set(axis, lost)
    }
    const grouped = trace.groupedAxes.get(name)
    if (zeros.size === 0 && !(grouped && survivors.of(grouped.labels))) continue
    const zeroed = withZeros(trace.analysis.stored.get(name)!, zeros, grouped && { spec: grouped, survivors })
    editor.replaceStored(name, zeroed)
  }
  return editor.model()
}

/** What of an axis of a value survives, as `Survivors.ofValue`. */
export function keptIndices(
  { trace }: ChannelGroups,
  removed: ReadonlySet<number>,
): (value: string, axis: number) => Int32Array | undefined {
  const survivors = new Survivors(trace, removed)
  return (value, axis) => survivors.ofValue(value, axis)
}

/** For each graph output, the indices that survive by axis: where outputs may shrink, the masked network has more. */
export function survivingOutputs(
  found: ChannelGroups,
  removed: ReadonlySet<number>,
): Map<string, Map<number, Int32Array>> {
  const survivors = new Survivors(found.trace, removed)
  return new Map(
    found.trace.analysis.model.graph.outputs.map((o) => {
      const shape = found.trace.analysis.values.get(o.name)?.shape ?? []
      return [
        o.name,
        new Map(
          shape.flatMap((_, axis) => {
            const kept = survivors.ofValue(o.name, axis)
            return kept ? [[axis, kept] as const] : []
          }),
        ),
      ]
    }),
  )
}
