import { getOrAdd, type NamePattern } from '../base/index.ts'
import {
  type Analysis,
  analyse,
  bindInputs,
  type Labels,
  type Model,
  nodeLabel,
  type OperatorSet,
  type RootKind,
  type Shuffle,
  withStoredConstants,
} from '../graph/index.ts'
import { prunableOperators } from '../ops/index.ts'
import { acrossTwo, type Balancing, equally, freely, type Partition } from './balance.ts'
import type { Balance, ChannelTrace, Root } from './channel-trace.ts'
import type { Freeze } from './labels.ts'
import { findShuffles } from './shuffles.ts'
import { traceChannels } from './trace.ts'

/** Channels that can only be removed together: one index, or several, of each of a group's tensors. */
export interface ChannelClass {
  /** Representative label. */
  readonly label: number
  /** The output channels of weights that belong to it. */
  readonly members: ReadonlyMap<Root, readonly number[]>
}

/** Channels made by the same layers: alternatives to each other, of which some ratio goes. */
export interface ChannelGroup {
  /** That of the first layer that makes them; where the channels of a layer lie in several groups, the later ones have a number behind: `conv (2)`. */
  readonly name: string
  /** The weights whose output channels these are. */
  readonly roots: readonly Root[]
  /** The channels; one that goes takes its class along. */
  readonly classes: readonly ChannelClass[]
  /**
   * Which of them can stay together: the groups of a grouped convolution keep equally many.
   * @internal
   */
  readonly balancing: Balancing
}

/** Channels that stay, with the node where that was found out. */
export interface Refusal {
  /** The layer that makes the channels. */
  readonly node: string
  /** For people, as part of a sentence. */
  readonly why: string
  /** How many of its output channels stay for this reason. */
  readonly channels: number
}

/** What can be removed from a network, and what cannot. */
export interface ChannelGroups {
  /**
   * Every channel with its label.
   * @internal
   */
  readonly trace: ChannelTrace
  /** What can go. */
  readonly groups: readonly ChannelGroup[]
  /** What must stay. */
  readonly refused: readonly Refusal[]
  /**
   * Channel shuffles, which a cut writes anew.
   * @internal
   */
  readonly shuffles: readonly Shuffle[]
}

/** What is said of a network's inputs and operators. */
export interface BoundInputs {
  /** Shapes of inputs whose dimensions are symbolic. */
  readonly inputs?: ReadonlyMap<string, readonly number[]>
  /** What is known of operators: Kerf's, and your own (`withOperators`). Default `prunableOperators`. */
  readonly operators?: OperatorSet
}

/** Which channels are looked for. */
export interface GroupOptions {
  /** Which channels may go; both by default. */
  readonly kinds?: ReadonlySet<RootKind>
  /** Layers to leave alone. */
  readonly keep?: readonly NamePattern[]
  /** Let channels go that means and maxima are taken over, or windows slide over: what these nodes give then changes. */
  readonly inexact?: boolean
  /** Let graph outputs shrink too (the only way to prune a network of one layer). */
  readonly outputsMayShrink?: boolean
}

/** Whether the user asked for a layer to be left alone. */
export const isKept = (keep: readonly NamePattern[] | undefined, root: Root): boolean =>
  keep?.some((pattern) => meansOne(pattern, namesOf(root))) ?? false

/** Whether a layer is meant that has these names. */
export const meansOne = (pattern: NamePattern, names: readonly string[]): boolean =>
  names.some((name) => pattern.matches(name))

const rootName = (r: Root): string => `${r.tensor}@${r.axis}`

/** Names by which a user may mean a layer. */
export const namesOf = (root: Root): string[] => [nodeLabel(root.node), root.tensor]

/**
 * Finds what can be removed, and what must go along with it.
 *
 * Two channels belong to one class when removing one without the other would leave tensors that do not fit or change a result; the
 * closure is exact, index by index, because ONNX gives every shape (Fang et al., DepGraph, CVPR 2023, work on whole layers).
 * Classes that are made by the same weights form a group.
 * @param options which channels may go, and sizes that the file leaves open
 * @throws KerfError `symbolic-dimension`, `wrong-shape`, `unknown-input` for input sizes; NodeError where the graph is inconsistent
 */
export function findGroups(model: Model, options: GroupOptions & BoundInputs = {}): ChannelGroups {
  const { operators = prunableOperators } = options
  return groupsOf(analyse(model, operators, bindInputs(model.graph, options.inputs)), options)
}

/** `findGroups` of a model that has been analysed. */
export function groupsOf(analysis: Analysis, options: GroupOptions = {}): ChannelGroups {
  let trace = traceChannels(analysis, options)
  // What a network does to its weights before it uses them (weight normalisation) is done once, for good.
  if (trace.storable.size > 0) {
    const simple = withStoredConstants(analysis, trace.storable)
    trace = traceChannels(analyse(simple, analysis.operators, analysis.options), options)
  }
  for (const root of trace.roots)
    if (isKept(options.keep, root))
      for (const label of root.labels)
        trace.labels.freeze(label, { node: nodeLabel(root.node), why: 'it was asked to be kept' })
  // Freezing can make a chain's channels stay that another chain shares, so shuffles come before classes.
  const shuffles = findShuffles(trace)
  const refused: Refusal[] = []
  const groups: ChannelGroup[] = []
  for (const group of byRoots(trace, options.kinds)) {
    const balancing = balancingOf(trace, group)
    if ('best' in balancing) groups.push({ ...group, balancing })
    else for (const c of group.classes) trace.labels.freeze(c.label, balancing)
  }
  for (const refusal of refusalsOf(trace, options.kinds)) refused.push(refusal)
  return { trace, groups, refused, shuffles }
}

type Ungrouped = Omit<ChannelGroup, 'balancing'>

function byRoots(trace: ChannelTrace, kinds: ReadonlySet<RootKind> | undefined): Ungrouped[] {
  // A weight shared by several nodes is one root.
  const roots = new Map(trace.roots.map((r) => [rootName(r), r] as const).reverse())
  const classes = new Map<number, Map<Root, number[]>>()
  for (const root of [...roots.values()].reverse())
    root.labels.forEach((label, i) => {
      const set = trace.labels.find(label)
      if (trace.labels.frozen(set)) return
      const members = getOrAdd(classes, set, () => new Map<Root, number[]>())
      getOrAdd(members, root, () => []).push(i)
    })
  const groups = new Map<string, { roots: Set<Root>; classes: ChannelClass[] }>()
  for (const [label, members] of classes) {
    const own = [...members.keys()]
    const makers = own.filter((r) => !r.follows)
    const key = (makers.length > 0 ? makers : own).map(rootName).join('\n')
    const group = getOrAdd(groups, key, () => ({ roots: new Set<Root>(), classes: [] }))
    for (const root of own) group.roots.add(root)
    group.classes.push({ label, members })
  }
  const nameOf = differentNames()
  return [...groups.values()]
    .map((g) => ({ roots: [...g.roots], classes: g.classes }))
    .filter((g) => kinds === undefined || g.roots.some((r) => kinds.has(r.kind)))
    .map((g) => ({ name: nameOf(nodeLabel(g.roots[0]!.node)), ...g }))
}

/** A name the first time, later the same with a number: `conv`, `conv (2)`. */
function differentNames(): (name: string) => string {
  const taken = new Set<string>()
  return (name) => {
    let own = name
    for (let n = 2; taken.has(own); n++) own = `${name} (${n})`
    taken.add(own)
    return own
  }
}

/** In which blocks of a grouped convolution the classes of a group lie, and how often; undefined where it does not concern them. */
function blocksOf(trace: ChannelTrace, indexOf: ReadonlyMap<number, number>, { labels, parts }: Balance) {
  const counts = Array.from({ length: indexOf.size }, () => new Map<number, number>())
  labels.forEach((label, i) => {
    const own = counts[indexOf.get(trace.labels.find(label)) ?? -1]
    const block = Math.floor((i * parts) / labels.length)
    own?.set(block, (own.get(block) ?? 0) + 1)
  })
  // The same in every block: balanced by itself.
  const others = counts.filter((own) => own.size > 0 && !(own.size === parts && new Set(own.values()).size === 1))
  if (others.length === 0) return undefined
  const perBlock = new Array<number>(parts).fill(0)
  for (const own of others) for (const [block, times] of own) perBlock[block] = perBlock[block]! + times
  return {
    keys: counts.map((own) => (others.includes(own) ? [...own].join('x') : '')),
    partition: { parts, blocks: Int32Array.from(counts, (own) => [...own.keys()][0] ?? -1) },
    isSound: others.every((own) => own.size === 1) && new Set(perBlock).size === 1,
    /** Each class lies in one block, as often as every other. */
    isEven: others.length === counts.length && new Set(others.flatMap((own) => [...own.values()])).size === 1,
  }
}

/** How the blocks of every grouped convolution that a group's classes feed or make can stay equal. */
function balancingOf(trace: ChannelTrace, { name, classes }: Ungrouped): Balancing | Freeze {
  const indexOf = new Map(classes.map((c, i) => [c.label, i]))
  const keys = classes.map(() => '')
  const partitions = new Map<string, Partition>()
  let even = true
  for (const balance of trace.balances) {
    const found = blocksOf(trace, indexOf, balance)
    if (!found) continue
    if (!found.isSound)
      return {
        node: nodeLabel(balance.node),
        why: `${balance.why}, and these channels do not lie equally in all of them`,
      }
    even &&= found.isEven
    partitions.set(found.keys.join(), found.partition)
    found.keys.forEach((key, i) => {
      keys[i] += `${key}/`
    })
  }
  const [first, second, ...more] = [...partitions.values()]
  if (!first) return freely
  if (even && !second) return equally(first)
  if (even && second && more.length === 0) return acrossTwo(first, second)
  // Of three and more, and of several kinds of classes, the simple way: the same number of everything that is alike.
  const cells = [...new Set(keys)]
  const blocks = Int32Array.from(keys, (key) => cells.indexOf(key))
  const sizes = new Set(cells.map((_, cell) => blocks.filter((b) => b === cell).length))
  if (sizes.size === 1) return equally({ parts: cells.length, blocks })
  return { node: name, why: 'it lies across the groups of several grouped convolutions unequally' }
}

/** What stays, with the reasons. */
export function refusalsOf(trace: ChannelTrace, kinds: ReadonlySet<RootKind> | undefined): Refusal[] {
  const found = new Map<string, { node: string; why: string; channels: number }>()
  for (const { node, kind, why, channels } of trace.refused)
    if (!kinds || kinds.has(kind)) found.set(`${node}\n${why}`, { node, why, channels })
  // A channel that several rows make, of one weight or of two, is one.
  const counted = new Set<string>()
  for (const root of trace.roots) {
    if (kinds && !kinds.has(root.kind)) continue
    for (const label of root.labels) {
      const frozen = trace.labels.frozen(label)
      if (!frozen) continue
      const node = nodeLabel(root.node)
      const why = frozen.node === node || frozen.node === '' ? frozen.why : `${frozen.node}: ${frozen.why}`
      const refusal = getOrAdd(found, `${node}\n${why}`, () => ({ node, why, channels: 0 }))
      const key = `${node}\n${why}\n${trace.labels.find(label)}`
      if (!counted.has(key)) refusal.channels++
      counted.add(key)
    }
  }
  return [...found.values()]
}

/** A stored tensor that shrinks along an axis. */
export interface ShrunkTensor {
  /** As in the graph. */
  readonly name: string
  /** Along which channels go. */
  readonly axis: number
  /** Before the cut. */
  readonly shape: readonly number[]
}

/** What a group touches, for an explanation: "these 11 tensors, through these nodes". */
export interface Reach {
  /** Every stored tensor that shrinks with it, with the axis. */
  readonly tensors: readonly ShrunkTensor[]
  /** Every node that the channels pass, by its name or that of its first output. */
  readonly nodes: readonly string[]
}

/**
 * Every tensor and node that each group touches.
 * @param all by `findGroups`
 */
export function reachOf(all: ChannelGroups): ReadonlyMap<ChannelGroup, Reach> {
  const { trace, groups } = all
  const owner = new Map(groups.flatMap((group) => group.classes.map((c) => [c.label, group] as const)))
  const touching = (labels: Labels) => {
    const found = new Set<ChannelGroup>()
    for (const label of labels) {
      const group = owner.get(trace.labels.find(label))
      if (group) found.add(group)
    }
    return found
  }
  const reach = new Map(groups.map((group) => [group, { tensors: [] as ShrunkTensor[], nodes: [] as string[] }]))
  const addTensor = (name: string, axis: number, labels: Labels) => {
    const shape = trace.analysis.stored.get(name)?.shape ?? []
    for (const group of touching(labels)) reach.get(group)!.tensors.push({ name, axis, shape })
  }
  for (const [name, axes] of trace.tensorAxes) for (const [axis, labels] of axes) addTensor(name, axis, labels)
  for (const [name, { axis, labels }] of trace.groupedAxes) addTensor(name, axis, labels)
  const carried = new Map(
    [...trace.tracks].map(([name, tracks]) => [name, new Set(tracks.flatMap((t) => [...touching(t.labels)]))]),
  )
  for (const node of trace.analysis.model.graph.nodes) {
    const passing = new Set([...node.outputs, ...node.inputs].flatMap((name) => [...(carried.get(name) ?? [])]))
    for (const group of passing) reach.get(group)!.nodes.push(nodeLabel(node))
  }
  return reach
}
