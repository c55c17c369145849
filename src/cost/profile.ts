import { type Dim, KerfError, type Shape } from '../base/index.ts'
import {
  type Analysis,
  analyse,
  bindInputs,
  graphInputs,
  type Model,
  type Node,
  nodeLabel,
  type OperatorSet,
  simplified,
} from '../graph/index.ts'
import { operatorFacts, slidingWindow } from '../ops/index.ts'
import { bodyParameters } from './bodies.ts'
import { countNode } from './count.ts'
import { fusedGroups, fusionOf } from './fuse.ts'
import type { Moved, NodeCount } from './node-count.ts'
import { nonZeroElements, ParameterFinder, type StoredTensor } from './parameters.ts'
import { runningNodes } from './parts.ts'
import type { Counts, Layer, LeftOut, NamedShape, Note, Profile, TotalCounts, Totals, Unsupported } from './types.ts'

/** What is counted, and how. */
export interface ProfileOptions {
  /** Shapes of the model's inputs by name; '' stands for the only input. Needed where the file leaves sizes open, save the batch (1). */
  readonly inputs?: ReadonlyMap<string, readonly number[]>
  /** Count convolution + BatchNormalization + activation, and depthwise + pointwise, as one: what they pass on is not accessed. */
  readonly fused?: boolean
  /** Nodes that a runtime computes as one, by the names of their first outputs, in order: instead of `fused`. The rest stand alone. */
  readonly groups?: readonly (readonly string[])[]
  /** A sum of n terms takes n - 1 additions instead of n. */
  readonly strictAdds?: boolean
  /** Also count the parameters that are not 0; reads the weights. */
  readonly countNonZero?: boolean
  /** What the profile calls the model; by default the name of its graph. */
  readonly name?: string
  /** What is known of operators: Kerf's, and your own (`withOperators`). Default `operatorFacts`. */
  readonly operators?: OperatorSet
}

/**
 * Counts every layer of a model: `profileModel` of workflow/, for a model that has been read.
 * @throws NodeError where a node's inputs do not fit together, KerfError for input shapes that do not fit the model
 */
export function profileModel(model: Model, options: ProfileOptions = {}): Profile {
  const binding = bindInputs(model.graph, options.inputs)
  const { operators = operatorFacts } = options
  return counted(analyse(simplified(model, operators, binding), operators, binding), options)
}

/**
 * The same for a model that has been analysed, for the sizes that it was analysed for.
 * @throws as `profileModel`
 */
export function profileAnalysed(
  analysis: Analysis,
  options: Omit<ProfileOptions, 'inputs' | 'operators'> = {},
): Profile {
  const { model, operators, options: binding } = analysis
  const simple = simplified(model, operators, binding)
  return counted(simple === model ? analysis : analyse(simple, operators, binding), options)
}

function counted(analysis: Analysis, options: Omit<ProfileOptions, 'inputs' | 'operators'>): Profile {
  const { graph } = analysis.model
  const counter = new LayerCounter(analysis, options)
  const running = runningNodes(analysis)
  const groups = options.groups
    ? givenGroups(running, options.groups)
    : options.fused
      ? fusedGroups(running, analysis)
      : running.map((node) => [node])
  const layers = groups.map((group) => counter.layer(group))
  return {
    model: options.name ?? graph.name,
    inputs: graphInputs(graph).map((i) => ({
      name: i.name,
      shape: plainShape(analysis.values.get(i.name)?.shape),
    })),
    layers,
    totals: totalsOf(layers, options.countNonZero ?? false),
    unsupported: counter.unsupported,
    leftOut: counter.leftOut(),
    notes: counter.notes,
    fused: options.groups !== undefined || (options.fused ?? false),
    strictAdds: options.strictAdds ?? false,
  }
}

class LayerCounter {
  readonly unsupported: Unsupported[] = []
  readonly notes: Note[] = []
  readonly #analysis: Analysis
  readonly #options: ProfileOptions
  readonly #parameters: ParameterFinder
  readonly #counted = new Set<string>()
  readonly #leftOut = new Map<string, LeftOut>()

  constructor(analysis: Analysis, options: ProfileOptions) {
    this.#analysis = analysis
    this.#options = options
    this.#parameters = new ParameterFinder(analysis)
  }

  /** @param group one node, or nodes that run as one */
  layer(group: readonly Node[]): Layer {
    const counts = group.map((node) => this.#count(node))
    const internal = valuesInside(group)
    const reads = mergeMoved(counts, 'reads', internal)
    const writes = mergeMoved(counts, 'writes', internal)
    const accumulators = this.#options.strictAdds ? 1 : 0
    const names = group.map(nodeLabel)
    const reasons = counts.flatMap((c) => c.why ?? [])
    const { params, nonZeroParams } = this.#params(group)
    return {
      name: names.join(' + '),
      op: group.map(operatorName).join('+'),
      inputs: this.#outside(group, 'inputs', internal),
      outputs: this.#outside(group, 'outputs', internal),
      params,
      nonZeroParams,
      macs: sumOrNull(counts, (c) => c.macs),
      adds: sumOrNull(counts, ({ arithmetic: a }) => a && (a.adds ?? 0) - accumulators * (a.accumulators ?? 0)),
      muls: sumOrNull(counts, (c) => c.arithmetic && (c.arithmetic.muls ?? 0)),
      others: sumOrNull(counts, (c) => c.arithmetic && (c.arithmetic.others ?? 0)),
      reads: reads && sumOrNull(reads.values(), (m) => m.elements),
      writes: writes && sumOrNull(writes.values(), (m) => m.elements),
      bytesRead: reads && sumOrNull(reads.values(), (m) => m.bytes),
      bytesWritten: writes && sumOrNull(writes.values(), (m) => m.bytes),
      ...this.#shapeOf(group[0]!),
      ...(group.length > 1 ? { members: names } : {}),
      ...(reasons.length > 0 ? { notCounted: unique(reasons).join('; ') } : {}),
    }
  }

  /** What a group takes from outside, or passes on. */
  #outside(group: readonly Node[], which: 'inputs' | 'outputs', internal: ReadonlySet<string>): NamedShape[] {
    const names = new Set<string>()
    for (const node of group) for (const name of node[which]) if (name !== '' && !internal.has(name)) names.add(name)
    return Array.from(names, (name) => this.#named(name))
  }

  /** Window and kind of a convolution, window of a pooling. */
  #shapeOf(node: Node): Pick<Layer, 'kind' | 'window'> {
    const known = this.#analysis.calls.get(node)
    const window = known && slidingWindow(known.operator, known.call)
    if (!window) return {}
    if (window.groups === undefined) return { window }
    const fusion = fusionOf(this.#analysis, node)
    const kind = fusion === 'depthwise' || fusion === 'pointwise' ? fusion : window.groups > 1 ? 'grouped' : 'regular'
    return { kind, window }
  }

  /** Once all layers are counted: what is a parameter of any of them is not left out. */
  leftOut(): LeftOut[] {
    return [...this.#leftOut.values()].filter((c) => !this.#counted.has(c.name))
  }

  #count(node: Node): NodeCount {
    const count = countNode(this.#analysis, node)
    const untyped = count.why === undefined ? (untypedOf(count.reads) ?? untypedOf(count.writes)) : undefined
    const why =
      untyped === undefined
        ? count.why
        : `the element type of "${untyped}" is not known, so that its bytes are not counted`
    if (why) this.unsupported.push({ name: nodeLabel(node), op: node.opType, domain: node.domain, why })
    if (count.note) this.notes.push({ name: nodeLabel(node), op: node.opType, domain: node.domain, note: count.note })
    return why === count.why ? count : { ...count, why }
  }

  #params(group: readonly Node[]): Pick<Counts, 'params' | 'nonZeroParams'> {
    let params = 0
    let nonZero: number | null = this.#options.countNonZero ? 0 : null
    for (const node of group)
      for (const { name, tensor } of this.#learnable(node)) {
        if (this.#counted.has(name)) continue
        this.#counted.add(name)
        params += tensor.shape.reduce((a, b) => a * b, 1)
        const more = nonZero === null ? null : nonZeroElements(tensor)
        nonZero = nonZero === null || more === null ? null : nonZero + more
      }
    for (const node of group)
      for (const { name, tensor, why } of this.#parameters.leftOut(node))
        if (!this.#leftOut.has(name))
          this.#leftOut.set(name, { name, shape: tensor.shape, layer: nodeLabel(node), op: operatorName(node), why })
    return { params, nonZeroParams: nonZero }
  }

  #learnable(node: Node): StoredTensor[] {
    const inside = bodyParameters(this.#analysis, this.#analysis.calls.get(node))
    const own = this.#parameters.of(node)
    return inside.length === 0 ? own : [...own, ...inside]
  }

  #named(name: string): NamedShape {
    const shape = plainShape(this.#analysis.values.get(name)?.shape)
    return this.#analysis.constants.has(name) ? { name, shape, constant: true } : { name, shape }
  }
}

const operatorName = (node: Node): string => (node.domain === '' ? node.opType : `${node.domain}.${node.opType}`)

const unique = (names: readonly string[]): string[] => [...new Set(names)].filter((n) => n !== '')

const plainShape = (shape: Shape | undefined): NamedShape['shape'] =>
  shape?.map((d: Dim) => (typeof d === 'number' ? d : null)) ?? null

const nothing: ReadonlySet<string> = new Set()

/** What a fused group makes and uses up itself: the first output of every member but the last. */
function valuesInside(group: readonly Node[]): ReadonlySet<string> {
  if (group.length === 1) return nothing
  return new Set(group.slice(0, -1).map((node) => node.outputs[0]!))
}

/** Each group where its first node stands; names that no node has are left out. */
function givenGroups(running: readonly Node[], groups: readonly (readonly string[])[]): Node[][] {
  const nodes = new Map(running.map((node) => [node.outputs[0]!, node]))
  const grouped = new Map<Node, Node[]>()
  for (const names of groups) {
    const members = names.flatMap((name) => nodes.get(name) ?? [])
    for (const node of members) grouped.set(node, node === members[0] ? members : [])
  }
  return running.map((node) => grouped.get(node) ?? [node]).filter((group) => group.length > 0)
}

/** The sum of a number of each; null where one is not known. */
function sumOrNull<T>(list: Iterable<T>, of: (one: T) => number | null): number | null {
  let sum = 0
  for (const one of list) {
    const value = of(one)
    if (value === null) return null
    sum += value
  }
  return sum
}

/** The first value of unknown type. */
function untypedOf(moved: ReadonlyMap<string, Moved> | null): string | undefined {
  for (const [name, { bytes }] of moved ?? []) if (bytes === null) return name
  return undefined
}

/** Each value once, those inside not at all. */
function mergeMoved(
  counts: readonly NodeCount[],
  which: 'reads' | 'writes',
  internal: ReadonlySet<string>,
): ReadonlyMap<string, Moved> | null {
  if (counts.length === 1) return counts[0]![which]
  const all = new Map<string, Moved>()
  for (const { [which]: part } of counts) {
    if (!part) return null
    for (const [name, m] of part)
      if (!internal.has(name) && m.elements > (all.get(name)?.elements ?? -1)) all.set(name, m)
  }
  return all
}

/** What each total sums. */
const sources: Readonly<Record<keyof TotalCounts, readonly (keyof Counts)[]>> = {
  params: ['params'],
  nonZeroParams: ['nonZeroParams'],
  macs: ['macs'],
  adds: ['adds'],
  muls: ['muls'],
  others: ['others'],
  reads: ['reads'],
  writes: ['writes'],
  accesses: ['reads', 'writes'],
  bytes: ['bytesRead', 'bytesWritten'],
}

function totalsOf(layers: readonly Layer[], countNonZero: boolean): Totals {
  const sum = (key: keyof Counts) => layers.reduce((total, layer) => total + (layer[key] ?? 0), 0)
  const totals = {
    params: sum('params'),
    nonZeroParams: countNonZero ? sum('nonZeroParams') : null,
    macs: sum('macs'),
    adds: sum('adds'),
    muls: sum('muls'),
    others: sum('others'),
    reads: sum('reads'),
    writes: sum('writes'),
  }
  const bytes = sum('bytesRead') + sum('bytesWritten')
  const lacks = (...keys: (keyof Counts)[]) => layers.some((layer) => keys.some((key) => layer[key] === null))
  const partial = (Object.keys(sources) as (keyof TotalCounts)[]).filter(
    (key) => (key !== 'nonZeroParams' || countNonZero) && lacks(...sources[key]),
  )
  if (!Object.values(totals).every((v) => v === null || Number.isSafeInteger(v)) || !Number.isSafeInteger(bytes))
    throw new KerfError(
      'too-large',
      'The counts exceed 2^53, more than can be counted exactly. Give smaller input shapes with --input.',
    )
  return { ...totals, accesses: totals.reads + totals.writes, bytes, partial }
}
