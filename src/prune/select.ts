import { KerfError, type NamePattern } from '../base/index.ts'
import { lcm } from './balance.ts'
import { type ChannelGroup, type ChannelGroups, meansOne, namesOf } from './groups.ts'

/** How much of what to remove. */
export interface Scope {
  /** Part of the channels to remove, in (0, 1): of every group (local), or of all groups together (global). */
  readonly ratio: number
  /** Rank the channels of all groups together instead of group by group. */
  readonly global?: boolean
  /** With `global`, and where a target allocates by cost or by outputs: the largest part that any one group may lose. Default 0.9. */
  readonly maxRatio?: number
  /** Ratios of their own for some layers: the first that matches counts. A ratio of 0 keeps a layer whole. */
  readonly perLayer?: readonly (NamePattern & {
    /** From 0 to below 1. */
    readonly ratio: number
  })[]
  /** Widths that remain are multiples of this, rounded up. Default 1. */
  readonly roundTo?: number
}

/** A score for each class of a group; the lowest go first. */
export type ClassScores = ReadonlyMap<ChannelGroup, Float64Array>

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

/** Chooses what stays: in each group the classes with the highest scores that keep the groups of grouped convolutions equal. */
export function select(found: ChannelGroups, scores: ClassScores, scope: Scope): Selection {
  const wished = scope.global ? globalCounts(found, scores, scope) : localCounts(found, scope)
  const roundTo = scope.roundTo ?? 1
  const widths = new Map<ChannelGroup, number>()
  for (const group of found.groups) {
    const size = group.classes.length
    const most = scope.global ? capOf(group, scope) : size
    const wanted = size - Math.min(most, wished.get(group) ?? 0)
    const toWhole = scope.global ? Math.round : Math.floor
    widths.set(group, widthOf(group, wanted, size - most, roundTo, toWhole))
  }
  return selectWidths(found, scores, widths, roundTo)
}

/**
 * The best channels of each group, so many as are said.
 * @param widths how many stay: multiples of what the group's balancing asks for; a group that is not named stays whole
 * @param roundTo where a value would lose all its channels and gets one back, the width becomes a multiple of this
 */
export function selectWidths(
  found: ChannelGroups,
  scores: ClassScores,
  widths: ReadonlyMap<ChannelGroup, number>,
  roundTo = 1,
): Selection {
  const choices = new Map(
    found.groups.map((group) => [
      group,
      new Choice(group, scores.get(group)!, widths.get(group) ?? group.classes.length),
    ]),
  )
  spare(found, scores, choices, roundTo)
  const removed = new Set([...choices.values()].flatMap((choice) => choice.removed()))
  return { removed, kept: new Map([...choices].map(([group, { kept }]) => [group, kept])) }
}

/** Widths that were asked for by name, as balancing allows them: the nearest. Of a group that a misfit took away there is none. */
export function balancedWidths(
  { groups }: ChannelGroups,
  widths: ReadonlyMap<string, number>,
): Map<ChannelGroup, number> {
  return new Map(
    groups.flatMap((group) => {
      const wanted = widths.get(group.name)
      return wanted === undefined ? [] : [[group, widthOf(group, wanted, 1, 1, Math.round)] as const]
    }),
  )
}

/** Which classes of a group stay. */
class Choice {
  readonly #group: ChannelGroup
  readonly #scores: Float64Array
  kept: number
  #stays: ReadonlySet<number>

  constructor(group: ChannelGroup, scores: Float64Array, kept: number) {
    this.#group = group
    this.#scores = Float64Array.from(scores)
    this.kept = kept
    this.#stays = new Set(group.balancing.best(this.#scores, kept))
  }

  removed(): number[] {
    return this.#group.classes.flatMap(({ label }, i) => (this.#stays.has(i) ? [] : [label]))
  }

  /** Takes more, among them the class `index`. */
  widen(kept: number, index: number): void {
    // More than all others together, so that it is worth every exchange.
    this.#scores[index] = 1 + this.#scores.reduce((sum, s) => sum + Math.abs(s), 0)
    this.kept = kept
    this.#stays = new Set(this.#group.balancing.best(this.#scores, kept))
  }
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
  scope.perLayer?.find((p) => meansOne(p, names))?.ratio ?? scope.ratio

/** How many channels of a group may go where groups are ranked or budgeted together. */
export function capOf(group: ChannelGroup, scope: Scope): number {
  const names = group.roots.flatMap(namesOf)
  const part = scope.perLayer?.find((p) => meansOne(p, names))?.ratio ?? scope.maxRatio ?? 0.9
  return part === 0 ? 0 : group.classes.length - keptOf(group.classes.length, part)
}

function globalCounts(found: ChannelGroups, scores: ClassScores, scope: Scope): Map<ChannelGroup, number> {
  const ranked = found.groups.flatMap((group) => [...scores.get(group)!].map((score) => ({ group, score })))
  ranked.sort((a, b) => a.score - b.score)
  const counts = new Map(found.groups.map((g) => [g, 0]))
  let left = floor(ranked.length * scope.ratio)
  for (const { group } of ranked) {
    if (left === 0) break
    const n = counts.get(group)!
    if (n >= capOf(group, scope)) continue
    counts.set(group, n + 1)
    left--
  }
  return counts
}

/**
 * How many classes of a group stay: a number that leaves the groups of grouped convolutions equal, at least `fewest`, up to a multiple of `roundTo`.
 * Where each group has its ratio, no more than wanted; where all are ranked together, the nearest.
 */
function widthOf(
  { classes, balancing: { unit } }: ChannelGroup,
  wanted: number,
  fewest: number,
  roundTo: number,
  toWhole: (blocks: number) => number,
): number {
  const least = Math.max(unit, Math.ceil(fewest / unit) * unit)
  return roundedUp(Math.max(least, toWhole(wanted / unit) * unit), unit, roundTo, classes.length)
}

/** The next multiple of `unit` and of `roundTo`, or all. */
const roundedUp = (width: number, unit: number, roundTo: number, all: number): number => {
  const step = lcm(unit, roundTo)
  return Math.min(all, Math.ceil(width / step) * step)
}

/** A value of which nothing would remain (one half of a Split, say) gets its best channel back; widths stay what they must be multiples of. */
function spare(
  found: ChannelGroups,
  scores: ClassScores,
  choices: ReadonlyMap<ChannelGroup, Choice>,
  roundTo: number,
): void {
  const { trace } = found
  const owner = new Map<number, { group: ChannelGroup; index: number; score: number }>()
  for (const group of found.groups)
    for (const [index, c] of group.classes.entries())
      owner.set(c.label, { group, index, score: scores.get(group)?.[index] ?? 0 })
  let removed = new Set([...choices.values()].flatMap((choice) => choice.removed()))
  const lists = [
    ...[...trace.tracks.values()].flatMap((tracks) => tracks.map((t) => t.labels)),
    ...[...trace.tensorAxes.values()].flatMap((axes) => [...axes.values()]),
  ]
  for (const labels of lists) {
    if (labels.length === 0 || !labels.every((l) => removed.has(trace.labels.find(l)))) continue
    const lost = [...new Set(labels)].map((l) => owner.get(trace.labels.find(l))!)
    const { group, index } = lost.reduce((a, b) => (b.score > a.score ? b : a))
    const choice = choices.get(group)!
    const { unit } = group.balancing
    choice.widen(roundedUp(choice.kept + unit, unit, roundTo, group.classes.length), index)
    removed = new Set([...choices.values()].flatMap((c) => c.removed()))
  }
}
