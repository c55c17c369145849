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
  const removed = new Set<number>()
  const kept = new Map<ChannelGroup, number>()
  for (const group of found.groups) {
    const remove = adjust(group, wished.get(group) ?? 0, scope.roundTo ?? 1)
    kept.set(group, group.classes.length - remove)
    const score = scores.get(group) as Float64Array
    for (let cell = 0; cell < group.cells; cell++) {
      const order = group.classes.map((c, i) => [c, i] as const).filter(([c]) => c.cell === cell)
      order.sort(([, a], [, b]) => (score[a] as number) - (score[b] as number) || a - b)
      for (const [c] of order.slice(0, remove / group.cells)) removed.add(c.label)
    }
  }
  spare(found, scores, removed, kept)
  return { removed, kept }
}

function localCounts(found: ChannelGroups, scope: Scope): Map<ChannelGroup, number> {
  return new Map(
    found.groups.map((g) => {
      const ratio = ratioFor(g, scope)
      return [g, ratio === 0 ? 0 : g.classes.length - keptOf(g.classes.length, ratio)]
    }),
  )
}

const ratioFor = (group: ChannelGroup, scope: Scope): number => {
  const names = group.roots.flatMap(namesOf)
  return scope.perLayer?.find((p) => p.matches(names))?.ratio ?? scope.ratio
}

function globalCounts(found: ChannelGroups, scores: Scores, scope: Scope): Map<ChannelGroup, number> {
  const ranked = found.groups.flatMap((group) =>
    [...(scores.get(group) as Float64Array)].map((score) => ({ group, score })),
  )
  ranked.sort((a, b) => a.score - b.score)
  const counts = new Map(found.groups.map((g) => [g, 0]))
  const cap = (g: ChannelGroup) => {
    const own = scope.perLayer?.find((p) => p.matches(g.roots.flatMap(namesOf)))?.ratio ?? scope.maxRatio ?? 0.9
    return own === 0 ? 0 : g.classes.length - keptOf(g.classes.length, own)
  }
  let left = floor(ranked.length * scope.ratio)
  for (const { group } of ranked) {
    if (left === 0) break
    const n = counts.get(group) as number
    if (n >= cap(group)) continue
    counts.set(group, n + 1)
    left--
  }
  return counts
}

/** A number to remove that leaves a multiple of `roundTo` and takes equally from each cell. */
function adjust(group: ChannelGroup, wish: number, roundTo: number): number {
  const n = group.classes.length
  if (group.cells > 1) {
    const size = n / group.cells
    let perCell = Math.min(size - 1, Math.round(wish / group.cells))
    while (perCell > 0 && (n - perCell * group.cells) % roundTo !== 0) perCell--
    return perCell * group.cells
  }
  const kept = Math.min(n, Math.ceil((n - wish) / roundTo) * roundTo)
  return n - kept
}

/** A value of which nothing would remain (one half of a Split, say) gets its best channel back. */
function spare(found: ChannelGroups, scores: Scores, removed: Set<number>, kept: Map<ChannelGroup, number>): void {
  const { trace } = found
  const owner = new Map<number, { group: ChannelGroup; index: number }>()
  for (const group of found.groups)
    for (const [index, c] of group.classes.entries()) owner.set(c.label, { group, index })
  const lists = [
    ...[...trace.tracks.values()].flatMap((tracks) => tracks.map((t) => t.labels)),
    ...[...trace.tensorAxes.values()].flatMap((axes) => [...axes.values()]),
  ]
  for (const labels of lists) {
    if (labels.length === 0 || !labels.every((l) => removed.has(trace.labels.find(l)))) continue
    const best = [...new Set(Array.from(labels, (l) => trace.labels.find(l)))]
      .map((label) => ({ label, ...(owner.get(label) as { group: ChannelGroup; index: number }) }))
      .reduce((a, b) => ((scores.get(b.group)?.[b.index] ?? 0) > (scores.get(a.group)?.[a.index] ?? 0) ? b : a))
    for (const label of bestOfEachCell(best.group, best.index, scores, removed)) {
      removed.delete(label)
      kept.set(best.group, (kept.get(best.group) as number) + 1)
    }
  }
}

/** A class and the best removed one of every other cell, so that grouped convolutions stay balanced. */
function bestOfEachCell(group: ChannelGroup, index: number, scores: Scores, removed: ReadonlySet<number>): number[] {
  const score = scores.get(group) as Float64Array
  const best = new Map<number, number>([[(group.classes[index] as ChannelClass).cell, index]])
  group.classes.forEach((c, i) => {
    if (!removed.has(c.label) || c.cell === group.classes[index]?.cell) return
    const before = best.get(c.cell)
    if (before === undefined || (score[i] as number) > (score[before] as number)) best.set(c.cell, i)
  })
  return [...best.values()].map((i) => (group.classes[i] as ChannelClass).label)
}
