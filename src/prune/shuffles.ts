import { elementCount, isConcrete, stridesOf } from '../base/index.ts'
import { type InferredCall, type Node, nodeLabel, type Operator, type Ties, type Track } from '../graph/index.ts'
import type { ChannelTrace } from './channel-trace.ts'

/*
 * A channel shuffle is Reshape → Transpose → Reshape: between the two, channels lie on several axes. An arbitrary set of channels
 * cannot be taken out there (what remains is no box), but the whole chain only permutes channels, so after a cut it can be written as
 * one Gather. This file finds such chains and what they permute; everything else that spreads channels over axes is frozen.
 */

export interface Shuffle {
  /** The value that enters the chain and the one that leaves it: same shape, channels on `axis`. */
  readonly from: string
  readonly to: string
  readonly axis: number
  /** The node that makes `to`. */
  readonly last: Node
  /** The values in between. */
  readonly through: readonly string[]
  /** For each channel that leaves, which channel that entered it is. */
  readonly order: Int32Array
}

/** Whether the labels of a track depend on one of its axes only, and on which. */
export function soleAxis(trace: ChannelTrace, track: Track, shape: readonly number[]): number | undefined {
  if (track.axes.length === 1) return track.axes[0]
  const sizes = track.axes.map((a) => shape[a]!)
  const strides = stridesOf(sizes)
  return track.axes.find((_, n) => {
    const first = new Map<number, number>()
    return track.labels.every((label, i) => {
      const index = Math.floor(i / strides[n]!) % sizes[n]!
      const root = trace.labels.find(label)
      const before = first.get(index)
      if (before === undefined) first.set(index, root)
      return before === undefined || before === root
    })
  })
}

const shapeOf = (trace: ChannelTrace, value: string): readonly number[] | undefined => {
  const shape = trace.analysis.values.get(value)?.shape
  return isConcrete(shape) ? shape : undefined
}

/** Finds every shuffle; freezes the channels of other values that spread channels over several axes. */
export function findShuffles(trace: ChannelTrace): Shuffle[] {
  const { producers } = trace.analysis
  const spread = new Set<string>()
  for (const [value, tracks] of trace.tracks)
    for (const track of tracks) {
      const shape = shapeOf(trace, value)
      if (track.axes.length > 1 && (!shape || soleAxis(trace, track, shape) === undefined)) spread.add(value)
    }
  const shuffles = new Map<string, Shuffle | undefined>()
  for (const value of spread) {
    const chain = chainThrough(trace, value, spread)
    if (chain) for (const s of chain) shuffles.set(s.to, s)
    else if (!balancedRows(trace, value))
      for (const track of trace.tracks.get(value) ?? [])
        for (const label of track.labels)
          trace.labels.freeze(label, {
            node: nodeLabel(producers.get(value)!),
            why: 'it spreads channels over several axes and what follows is not a plain permutation of them',
          })
  }
  return [...shuffles.values()].filter((s) => s !== undefined)
}

/**
 * Whether a value's channels lie on two axes, and whoever makes or reads it works row by row: then any may go, equally many from each row, as in the
 * groups of a normalisation. The value is marked, and the rows are balanced.
 */
function balancedRows(trace: ChannelTrace, value: string): boolean {
  const { producers, consumers, model } = trace.analysis
  const [track, ...others] = trace.tracks.get(value) ?? []
  const producer = producers.get(value)
  const nodes = [producer, ...(consumers.get(value) ?? [])]
  const [row = 0] = track?.axes ?? []
  const rows = shapeOf(trace, value)?.[row]
  if (!track || !producer || !rows || others.length > 0 || track.axes.length !== 2) return false
  if (!nodes.every((node) => node && trace.rowWise.has(node)) || model.graph.outputs.some((o) => o.name === value))
    return false
  trace.rows.add(value)
  trace.balances.push({
    node: producer,
    labels: track.labels,
    parts: rows,
    why: `its ${rows} rows must stay equally long`,
  })
  return true
}

/** The shuffles that a spread value is inside of; undefined when it is part of anything else. */
function chainThrough(trace: ChannelTrace, value: string, spread: ReadonlySet<string>): Shuffle[] | undefined {
  const { producers, consumers, calls, model } = trace.analysis
  let from = value
  while (spread.has(from)) {
    const source = producers.get(from)?.inputs[0]
    if (!source) return undefined
    from = source
  }
  const shape = shapeOf(trace, from)
  const start = trace.tracks.get(from)?.find((t) => t.axes.length === 1)
  if (!shape || !start) return undefined
  const axis = start.axes[0]!
  const found: Shuffle[] = []
  const iota = Int32Array.from({ length: shape[axis]! }, (_, i) => i)
  /** Follows channel positions forward from a spread value; false when something other than data movement happens to them. */
  const follow = (at: string, tracks: readonly Track[], through: readonly string[]): boolean =>
    (consumers.get(at) ?? []).every((node) => {
      const known = calls.get(node)
      const to = node.outputs[0]
      if (!known || !to || node.inputs[0] !== at || !movesOnly(known.operator)) return false
      const moved = replay(known.operator, known.call, tracks)
      if (spread.has(to)) return follow(to, moved, [...through, to])
      const end = moved.length === 1 ? moved[0] : undefined
      const same = shapeOf(trace, to)?.join() === shape.join()
      if (!end || !same || end.axes.length !== 1 || end.axes[0] !== axis || end.labels.length !== iota.length)
        return false
      found.push({ from, to, axis, last: node, through, order: end.labels })
      return true
    }) && !model.graph.outputs.some((o) => o.name === at)
  const first = (consumers.get(from) ?? []).filter((n) => n.inputs[0] === from && n.outputs.some((o) => spread.has(o)))
  const fine = first.every((node) => {
    const known = calls.get(node)
    if (!known || !movesOnly(known.operator)) return false
    const to = node.outputs[0]!
    return follow(to, replay(known.operator, known.call, [{ axes: [axis], labels: iota }]), [to])
  })
  return fine && found.length > 0 ? found : undefined
}

const movesOnly = (operator: Operator): boolean => operator.cost === 'none'

/** Runs an operator's own channel rule on given labels of its first input, to see where they go. */
function replay(operator: Operator, call: InferredCall, tracks: readonly Track[]): readonly Track[] {
  let out: readonly Track[] = []
  const refuse = () => {
    out = []
  }
  const ties: Ties = {
    readers: () => [],
    isConstant: (i) => i !== 0,
    isWeight: (i) => i !== 0,
    tracks: (i) => (i === 0 ? tracks : []),
    labels: (i, axis) =>
      tracks.find((t) => i === 0 && t.axes.length === 1 && t.axes[0] === axis)?.labels ?? new Int32Array(0),
    isTracked: (i, axis) => i === 0 && tracks.some((t) => t.axes.length === 1 && t.axes[0] === axis),
    unite: refuse,
    isFrozen: () => false,
    freeze: refuse,
    changes: refuse,
    byRows: () => {},
    freezeInputs: refuse,
    fresh: (count) => new Int32Array(count).fill(-1),
    setOutput: (o, t) => {
      if (o === 0) out = t
    },
    root: refuse,
    vanish: refuse,
    refuse,
    balance: refuse,
    groupedAxis: refuse,
  }
  operator.channels.tie(call, ties)
  const shape = call.outputs[0]?.shape as readonly number[]
  const sound = out.every((t) => t.labels.length === elementCount(t.axes.map((a) => shape[a]!)))
  return sound ? out : []
}
