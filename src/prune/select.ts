import { KerfError } from '../base/index.ts'
import type { Scores } from './criteria.ts'
import { type ChannelClass, type ChannelGroup, type ChannelGroups, namesOf } from './groups.ts'

/** Picks layers by name. */
export interface LayerMatcher {
  /** As the user wrote it, for messages. */
  readonly pattern: string
  /** Whether a layer is meant, by the names of its node and its weight. */
  matches(names: readonly string[]): boolean
}

/** How much of what to remove. */
export interface Scope {
  /** Part of the channels to remove, in (0, 1): of every group (local), or of all groups together (global). */
  readonly ratio: number
  /** Rank the channels of all groups together instead of group by group. */
  readonly global?: boolean
  /** With `global`: the largest part that any one group may lose. Default 0.9. */
  readonly maxRatio?: number
  /** Ratios of their own for some layers: the first that matches counts. A ratio of 0 keeps a layer whole. */
  readonly perLayer?: readonly (LayerMatcher & { readonly ratio: number })[]
  /** Widths that remain are multiples of this, rounded up. Default 1. */
  readonly roundTo?: number
}

/** The classes to remove, by the representative label of each. */
export interface Selection {
  readonly removed: ReadonlySet<number>
  /** Per group how many channels stay. */
  readonly kept: ReadonlyMap<ChannelGroup, number>
}

/** @throws KerfError `bad-ratio` unless 0 < ratio < 1 */
export function checkRatio(ratio: number, what = 'The ratio'): void {
  if (!(ratio > 0 && ratio < 1))
    throw new KerfError(
      'bad-ratio',
      `${what} must lie between 0 and 1 (both excluded): 0.5 removes half. Received ${ratio}.`,
      { ratio },
    )
}

// 1 - 0.9 is a little less than 0.1: without the tolerance, ten channels at 0.9 would keep none.
const floor = (x: number): number => Math.floor(x + 1e-9)

/** Channels that stay of `n` when `ratio` goes: the floor, so that no layer is wider than asked; never 0. */
export const keptOf = (n: number, ratio: number): number => Math.max(1, floor(n * (1 - ratio)))

/** Chooses what goes: in each group the classes with the lowest scores, equally many from each cell. */
export function select(found: ChannelGroups, scores: Scores, scope: Scope): Selection {
  const wished = scope.global ? globalCounts(found, scores, scope) : localCounts(found, scope)
  const roundTo = scope.roundTo ?? 1
  const removed = new Set<number>()
  const kept = new Map<ChannelGroup, number>()
  for (const group of found.groups) {
    const most = scope.global ? capOf(group, scope) : group.classes.length
    const remove = adjust(group, wished.get(group) ?? 0, most, roundTo, scope.global ? Math.round : Math.ceil)
    kept.set(group, group.classes.length - remove)
    const score = scores.get(group) as Float64Array
    for (let cell = 0; cell < group.cells; cell++) {
      const order = group.classes.map((c, i) => [c, i] as const).filter(([c]) => c.cell === cell)
      order.sort(([, a], [, b]) => (score[a] as number) - (score[b] as number) || a - b)
      for (const [c] of order.slice(0, remove / group.cells)) removed.add(c.label)
    }
  }
  spare(found, scores, removed, kept, roundTo)
  return { removed, kept }
}

function localCounts(found: ChannelGroups, scope: Scope): Map<ChannelGroup, number> {
  return new Map(
    found.groups.map((g) => {
      const ratio = ratioOf(g.roots.flatMap(namesOf), scope)
      return [g, ratio === 0 ? 0 : g.classes.length - keptOf(g.classes.length, ratio)]
    }),
  )
}

/** The ratio that a layer of these names is to lose. */
export const ratioOf = (names: readonly string[], scope: Scope): number =>
  scope.perLayer?.find((p) => p.matches(names))?.ratio ?? scope.ratio

/** How many channels of a group may go in a global ranking. */
function capOf(group: ChannelGroup, scope: Scope): number {
  const names = group.roots.flatMap(namesOf)
  const part = scope.perLayer?.find((p) => p.matches(names))?.ratio ?? scope.maxRatio ?? 0.9
  return part === 0 ? 0 : group.classes.length - keptOf(group.classes.length, part)
}

function globalCounts(found: ChannelGroups, scores: Scores, scope: Scope): Map<ChannelGroup, number> {
  const ranked = found.groups.flatMap((group) =>
    [...(scores.get(group) as Float64Array)].map((score) => ({ group, score })),
  )
  ranked.sort((a, b) => a.score - b.score)
  const counts = new Map(found.groups.map((g) => [g, 0]))
  let left = floor(ranked.length * scope.ratio)
  for (const { group } of ranked) {
    if (left === 0) break
    const n = counts.get(group) as number
    if (n >= capOf(group, scope)) continue
    counts.set(group, n + 1)
    left--
  }
  return counts
}

/**
 * A number to remove, at most `most`, that leaves a multiple of `roundTo` and takes equally from each cell: where each group has its ratio, no fewer
 * than that asks for; where all are ranked together, the nearest number.
 */
function adjust(
  group: ChannelGroup,
  wish: number,
  most: number,
  roundTo: number,
  toWhole: (perCell: number) => number,
): number {
  const n = group.classes.length
  if (group.cells > 1) {
    const size = n / group.cells
    let perCell = Math.min(size - 1, Math.floor(most / group.cells), toWhole(wish / group.cells))
    while (perCell > 0 && (n - perCell * group.cells) % roundTo !== 0) perCell--
    return perCell * group.cells
  }
  const kept = Math.min(n, Math.ceil((n - wish) / roundTo) * roundTo)
  return n - kept
}

/** A value of which nothing would remain (one half of a Split, say) gets its best channel back; widths stay multiples of `roundTo`. */
function spare(
  found: ChannelGroups,
  scores: Scores,
  removed: Set<number>,
  kept: Map<ChannelGroup, number>,
  roundTo: number,
): void {
  const { trace } = found
  const owner = new Map<number, { group: ChannelGroup; index: number }>()
  for (const group of found.groups)
    for (const [index, c] of group.classes.entries()) owner.set(c.label, { group, index })
  const scoreOf = (c: { group: ChannelGroup; index: number }) => scores.get(c.group)?.[c.index] ?? 0
  const best = (some: readonly { group: ChannelGroup; index: number }[]) =>
    some.reduce((a, b) => (scoreOf(b) > scoreOf(a) ? b : a))
  /** One of each cell, so that grouped convolutions stay balanced: this one and the best of the others. */
  const giveBack = ({ group, index }: { group: ChannelGroup; index: number }) => {
    const gone = group.classes.flatMap((c, i) => (removed.has(c.label) ? [{ group, index: i, cell: c.cell }] : []))
    for (let cell = 0; cell < group.cells; cell++) {
      const own = group.classes[index]?.cell === cell ? index : best(gone.filter((c) => c.cell === cell)).index
      removed.delete((group.classes[own] as ChannelClass).label)
    }
    kept.set(group, (kept.get(group) as number) + group.cells)
  }
  const lists = [
    ...[...trace.tracks.values()].flatMap((tracks) => tracks.map((t) => t.labels)),
    ...[...trace.tensorAxes.values()].flatMap((axes) => [...axes.values()]),
  ]
  for (const labels of lists) {
    if (labels.length === 0 || !labels.every((l) => removed.has(trace.labels.find(l)))) continue
    const alive = best(
      [...new Set(labels)].map((l) => owner.get(trace.labels.find(l)) as { group: ChannelGroup; index: number }),
    )
    giveBack(alive)
    const { group } = alive
    while ((kept.get(group) as number) % roundTo !== 0 && (kept.get(group) as number) < group.classes.length)
      giveBack(best(group.classes.flatMap((c, index) => (removed.has(c.label) ? [{ group, index }] : []))))
  }
}
