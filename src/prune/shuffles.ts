import { isConcrete, stridesOf } from '../base/index.ts'
import { nodeLabel, type Shuffle, shufflesBehind, type Track } from '../graph/index.ts'
import type { ChannelTrace } from './channel-trace.ts'

/*
 * Within a channel shuffle (graph/shuffles.ts) channels lie on several axes. An arbitrary set of them cannot be taken out there (what remains is no box),
 * but the whole chain only permutes channels, so after a cut it can be written as one Gather. Everything else that spreads channels over axes is frozen.
 */

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
  const { producers, consumers } = trace.analysis
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
  const first = (consumers.get(from) ?? []).filter((n) => n.inputs[0] === from && n.outputs.some((o) => spread.has(o)))
  const found: Shuffle[] = []
  for (const node of first) {
    const behind = shufflesBehind(trace.analysis, from, axis, node)
    if (!behind?.every((shuffle) => shuffle.through.every((v) => spread.has(v)))) return undefined
    for (const one of behind) found.push(one)
  }
  return found.length > 0 ? found : undefined
}
