import { getOrAdd, isConcrete, KerfError } from '../base/index.ts'
import {
  type Analysis,
  type ChannelRule,
  type GroupedAxis,
  type InferredCall,
  isStorable,
  type Labels,
  type Node,
  nodeLabel,
  type RootKind,
  type RootOptions,
  type Ties,
  type Track,
  usedNames,
} from '../graph/index.ts'
import { partOf } from '../ops/index.ts'
import type { Balance, ChangedNode, ChannelTrace, RefusedLayer, Root } from './channel-trace.ts'
import { keepsZeros } from './constants.ts'
import { type Freeze, LabelSets } from './labels.ts'
import { zeroedFor } from './vanishing.ts'
import { freezeWidthsThatCount } from './widths.ts'

class Tracer implements ChannelTrace {
  readonly analysis: Analysis
  readonly labels = new LabelSets()
  readonly tracks = new Map<string, readonly Track[]>()
  readonly tensorAxes = new Map<string, Map<number, Labels>>()
  readonly groupedAxes = new Map<string, GroupedAxis>()
  readonly roots: Root[] = []
  readonly balances: Balance[] = []
  readonly refused: RefusedLayer[] = []
  readonly storable = new Set<string>()
  readonly changes: ChangedNode[] = []
  readonly rowWise = new Set<Node>()
  readonly rows = new Set<string>()
  readonly inexact: boolean
  readonly vanishing = new Set<string>()
  readonly #origins = new Map<number, { readonly tensor: string; readonly axis: number; readonly labels: Labels }>()
  /** Which axes of a stored tensor each use accounts for; -1 stands for all. */
  readonly uses: { readonly node: Node; readonly tensor: string; readonly axes: Set<number> }[] = []

  constructor(analysis: Analysis, inexact: boolean) {
    this.analysis = analysis
    this.inexact = inexact
  }

  /** The channels of a constant cannot be followed through the nodes that make it. */
  wishStored(value: string): void {
    if (isStorable(this.analysis, value)) this.storable.add(value)
  }

  freezeTracks(name: string, reason: Freeze): void {
    for (const track of this.tracks.get(name) ?? []) this.freezeLabels(track.labels, reason)
  }

  freezeStored(name: string, reason: Freeze): void {
    for (const labels of this.tensorAxes.get(name)?.values() ?? []) this.freezeLabels(labels, reason)
    const grouped = this.groupedAxes.get(name)
    if (grouped) this.freezeLabels(grouped.labels, reason)
  }

  freezeLabels(labels: Labels, reason: Freeze): void {
    for (const label of labels) this.labels.freeze(label, reason)
  }

  /** The stored axis that labels were made for, if they come unchanged: a transposed weight leads back to the stored one. */
  originOf(labels: Labels): { readonly tensor: string; readonly axis: number } | undefined {
    const origin = this.#origins.get(labels[0] ?? -1)
    const same = origin?.labels.length === labels.length && labels.every((l, i) => l === origin.labels[i])
    return origin && same ? { tensor: origin.tensor, axis: origin.axis } : undefined
  }

  tensorLabels(name: string, axis: number): Labels {
    const axes = getOrAdd(this.tensorAxes, name, () => new Map<number, Labels>())
    return getOrAdd(axes, axis, () => {
      const labels = this.labels.fresh(this.analysis.stored.get(name)?.shape[axis] as number)
      this.#origins.set(labels[0] ?? -1, { tensor: name, axis, labels })
      return labels
    })
  }
}

const otherGroups = (tensor: string): string =>
  `its weight "${tensor}" is shared with a layer that reads it in other groups, or whole`

/** What one node's rule sees and says. */
class NodeTies implements Ties {
  readonly #t: Tracer
  readonly #node: Node
  readonly #call: InferredCall
  readonly handled = new Map<number, Set<number>>()

  constructor(tracer: Tracer, node: Node, call: InferredCall) {
    this.#t = tracer
    this.#node = node
    this.#call = call
  }

  #name(input: number): string {
    return this.#node.inputs[input] ?? ''
  }

  #handle(input: number, axis: number): void {
    getOrAdd(this.handled, input, () => new Set()).add(axis)
  }

  #reason(why: string): Freeze {
    return { node: nodeLabel(this.#node), why }
  }

  isConstant(input: number): boolean {
    return this.#t.analysis.stored.has(this.#name(input))
  }

  tracks(input: number): readonly Track[] {
    this.#handle(input, -1)
    const name = this.#name(input)
    const tensor = this.#t.analysis.stored.get(name)
    if (!tensor) return this.#t.tracks.get(name) ?? []
    return tensor.shape.flatMap((d, axis) =>
      d > 1 ? [{ axes: [axis], labels: this.#t.tensorLabels(name, axis) }] : [],
    )
  }

  labels(input: number, axis: number): Labels {
    this.#handle(input, axis)
    const name = this.#name(input)
    if (this.#t.analysis.stored.has(name)) return this.#t.tensorLabels(name, axis)
    const tracks = this.#t.tracks.get(name) ?? []
    const single = tracks.find((t) => t.axes.length === 1 && t.axes[0] === axis)
    if (single) return single.labels
    const spread = tracks.find((t) => t.axes.includes(axis))
    if (spread) return this.#alongOneAxis(spread, input, axis)
    this.#t.wishStored(name)
    const size = this.#call.inputs[input]?.shape?.[axis]
    const labels = this.#t.labels.fresh(typeof size === 'number' ? size : 0)
    this.#t.freezeLabels(labels, this.#reason(`the channels of its input "${name}" cannot be followed`))
    return labels
  }

  /** Channels spread over several axes, wanted along one: everything with the same index there goes together. */
  #alongOneAxis(track: Track, input: number, axis: number): Labels {
    const sizes = track.axes.map((a) => this.#call.inputs[input]?.shape?.[a] as number)
    const at = track.axes.indexOf(axis)
    const inner = sizes.slice(at + 1).reduce((p, d) => p * d, 1)
    const size = sizes[at]!
    const out = new Int32Array(size).fill(-1)
    track.labels.forEach((label, i) => {
      const index = Math.floor(i / inner) % size
      if (out[index] === -1) out[index] = label
      else this.#t.labels.unite(out[index]!, label)
    })
    for (const a of track.axes) this.#handle(input, a)
    return out
  }

  isWeight(input: number): boolean {
    return this.isConstant(input) || this.#t.analysis.constants.has(this.#name(input))
  }

  readers(output: number): readonly (Node | undefined)[] {
    const name = this.#node.outputs[output] ?? ''
    const isOutput = this.#t.analysis.model.graph.outputs.some((o) => o.name === name)
    return [...(this.#t.analysis.consumers.get(name) ?? []), ...(isOutput ? [undefined] : [])]
  }

  isTracked(input: number, axis: number): boolean {
    const name = this.#name(input)
    return (
      !this.#t.analysis.stored.has(name) &&
      (this.#t.tracks.get(name) ?? []).some((t) => t.axes.length === 1 && t.axes[0] === axis)
    )
  }

  unite(a: Labels, b: Labels): void {
    if (a.length !== b.length)
      throw new KerfError(
        'internal',
        `${this.#call.node.opType} "${nodeLabel(this.#node)}" ties ${a.length} channels to ${b.length}. This is a defect in Kerf; please report it with the model.`,
      )
    for (let i = 0; i < a.length; i++) this.#t.labels.unite(a[i]!, b[i]!)
  }

  changes(labels: Labels, reason: string): void {
    const part = partOf(this.#t.analysis, this.#node)
    const why = part ? `${reason}, as part of ${part} written out` : reason
    if (this.#t.inexact) this.#t.changes.push({ node: this.#node, labels, why })
    else this.freeze(labels, why)
  }

  byRows(): void {
    this.#t.rowWise.add(this.#node)
  }

  isFrozen(labels: Labels): boolean {
    return labels.every((label) => this.#t.labels.frozen(label))
  }

  freeze(labels: Labels, why: string): void {
    this.#t.freezeLabels(labels, this.#reason(why))
  }

  freezeInputs(why: string, input?: number): void {
    for (const i of input === undefined ? this.#node.inputs.keys() : [input]) {
      this.#handle(i, -1)
      this.#t.freezeTracks(this.#name(i), this.#reason(why))
      for (const labels of this.#t.tensorAxes.get(this.#name(i))?.values() ?? [])
        this.#t.freezeLabels(labels, this.#reason(why))
      // A tensor that gets its labels from a later node must stay whole as well.
      if (this.#t.analysis.stored.has(this.#name(i))) this.handled.set(i, new Set())
    }
  }

  fresh(count: number): Labels {
    return this.#t.labels.fresh(count)
  }

  setOutput(output: number, tracks: readonly Track[]): void {
    const name = this.#node.outputs[output]
    if (name) this.#t.tracks.set(name, tracks)
  }

  root(input: number, axis: number, kind: RootKind, { follows = false, sums }: RootOptions = {}): void {
    const value = this.#name(input)
    const grouped = this.#t.groupedAxes.get(value)
    const own = grouped?.axis === axis ? grouped : undefined
    const labels = own?.labels ?? this.labels(input, axis)
    const origin = own ? { tensor: value, axis } : this.#t.originOf(labels)
    const why = !origin
      ? `its weight "${value}" is computed in a way that channels cannot be followed through`
      : keepsZeros(this.#t.analysis, value, origin.tensor)
        ? undefined
        : `a stored 0 behind its weight "${value}" is no 0 for it (a zero point, say)`
    if (!origin || why) {
      this.#t.wishStored(value)
      this.freezeInputs(why!, input)
      this.freeze(labels, why!)
      this.refuse(kind, labels.length, why!)
      return
    }
    this.#t.roots.push({
      node: this.#node,
      ...origin,
      weight: { value, axis },
      kind,
      follows,
      sums,
      labels,
      grouped: own,
    })
  }

  vanish(inputs: readonly number[], labels: Labels, why: string): void {
    const found = inputs.map((i) => zeroedFor(this.#t, this.#name(i), labels)).find((t) => t)
    if (found) for (const tensor of found) this.#t.vanishing.add(tensor)
    else this.changes(labels, why)
  }

  refuse(kind: RootKind, channels: number, why: string): void {
    this.#t.refused.push({ node: nodeLabel(this.#node), kind, channels, why })
  }

  balance(labels: Labels, parts: number, why: string): void {
    this.#t.balances.push({ node: this.#node, labels, parts, why })
  }

  groupedAxis(input: number, spec: GroupedAxis): void {
    this.#handle(input, spec.axis)
    const name = this.#name(input)
    if (!this.#t.analysis.stored.has(name)) {
      this.#t.wishStored(name)
      this.freezeInputs(`its weight "${name}" is computed, and convolution in groups needs a stored one to be cut`)
      this.freeze(
        spec.labels,
        `its weight "${name}" is computed, and convolution in groups needs a stored one to be cut`,
      )
      return
    }
    const before = this.#t.groupedAxes.get(name)
    if (before && (before.groups !== spec.groups || before.labels.length !== spec.labels.length)) {
      this.freeze(before.labels, otherGroups(name))
      this.freeze(spec.labels, otherGroups(name))
      return
    }
    // One weight used by two grouped convolutions: both must lose the same.
    if (before) this.unite(before.labels, spec.labels)
    this.#t.groupedAxes.set(name, spec)
  }
}

/** Labels every channel of a model, by asking each node in topological order what it ties to what. */
export function traceChannels(
  analysis: Analysis,
  options: { readonly outputsMayShrink?: boolean; readonly inexact?: boolean } = {},
): ChannelTrace {
  const { model } = analysis
  const tracer = new Tracer(analysis, options.inexact ?? false)
  for (const node of model.graph.nodes) {
    const known = analysis.calls.get(node)
    const label = nodeLabel(node)
    const blocked = !known?.operator.channels
      ? `${node.opType} is not an operator whose channels Kerf can follow`
      : shapesKnown(node, known.call)
        ? undefined
        : `the shapes around ${node.opType} are not known`
    if (!known?.operator.channels || blocked) {
      for (const name of usedNames(node)) tracer.freezeTracks(name, { node: label, why: blocked! })
      for (const name of usedNames(node))
        if (tracer.analysis.stored.has(name)) tracer.uses.push({ node, tensor: name, axes: new Set() })
      continue
    }
    // Shape arithmetic and other constants have no channels of their own; weights that pass through nodes do.
    const ties = new NodeTies(tracer, node, known.call)
    tieNode(tracer, node, known.operator.channels, known.call, ties)
  }
  for (const output of model.graph.outputs) {
    const reason = { node: '', why: `it reaches the graph output "${output.name}"` }
    if (!options.outputsMayShrink) tracer.freezeTracks(output.name, reason)
    if (tracer.analysis.stored.has(output.name)) tracer.freezeStored(output.name, reason)
  }
  freezeUnaccounted(tracer)
  freezeWidthsThatCount(tracer)
  return tracer
}

/** Rules may rely on the sizes of everything that a node reads and makes. */
const shapesKnown = (node: Node, call: InferredCall): boolean =>
  node.inputs.every((name, i) => name === '' || isConcrete(call.inputs[i]?.shape)) &&
  node.outputs.every((name, i) => name === '' || isConcrete(call.outputs[i]?.shape))

function tieNode(tracer: Tracer, node: Node, rule: ChannelRule, call: InferredCall, ties: NodeTies): void {
  rule.tie(call, ties)
  node.inputs.forEach((name, i) => {
    if (name === '') return
    const axes = ties.handled.get(i) ?? new Set<number>()
    if (tracer.analysis.stored.has(name)) {
      tracer.uses.push({ node, tensor: name, axes })
      return
    }
    if (axes.has(-1)) return
    for (const track of tracer.tracks.get(name) ?? [])
      if (!track.axes.every((a) => axes.has(a)))
        tracer.freezeLabels(track.labels, {
          node: nodeLabel(node),
          why: `${node.opType} does not let channels on axis ${track.axes} go`,
        })
  })
}

/** A stored tensor that one node would cut and another uses whole must stay whole. */
function freezeUnaccounted(tracer: Tracer): void {
  for (const { node, tensor, axes } of tracer.uses) {
    const spec = tracer.groupedAxes.get(tensor)
    const whole = spec && tracer.tensorAxes.get(tensor)?.get(spec.axis)
    if (whole)
      for (const labels of [spec.labels, whole])
        tracer.freezeLabels(labels, { node: nodeLabel(node), why: otherGroups(tensor) })
    if (axes.has(-1)) continue
    const reason = { node: nodeLabel(node), why: `its input "${tensor}" must stay whole` }
    for (const [axis, labels] of tracer.tensorAxes.get(tensor) ?? [])
      if (!axes.has(axis)) tracer.freezeLabels(labels, reason)
    const grouped = tracer.groupedAxes.get(tensor)
    if (grouped && !axes.has(grouped.axis)) tracer.freezeLabels(grouped.labels, reason)
  }
}
