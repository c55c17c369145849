import { costAt, type Term, termAt, withoutSteps } from './costs.ts'
import { ratioAt } from './ratios.ts'
import type { Widths } from './value.ts'

/*
 * How many channels in which group: the most that a criterion keeps, of all that costs no more than a limit.
 *
 * Costs are coupled: what a channel saves depends on how many its neighbours have. So no sorting finds the best; it is a knapsack with products. A greedy
 * descent gives up, again and again, what loses least for what it saves, with costs as they are at that point. Exchanges make it better: one group wider,
 * another narrower. How far from the best that can be is told by a bound (`boundOf`).
 */

/** The number of each group's width in `Widths.widths`. */
export type Levels = Int32Array

/** Widths on trial, with what they cost and are worth. */
class Trial {
  readonly levels: Levels
  readonly #parts: Float64Array
  readonly #groups: readonly Widths[]
  readonly #touching: readonly (readonly Term[])[]
  cost: number

  constructor(groups: readonly Widths[], terms: readonly Term[], levels: Levels) {
    this.#groups = groups
    this.levels = levels
    this.#parts = Float64Array.from(groups, (g, i) => partOf(g, levels[i]!))
    const touching = groups.map(() => [] as Term[])
    for (const term of terms) for (const group of groupsIn(term)) touching[group]!.push(term)
    this.#touching = touching
    this.cost = costAt(terms, this.#parts)
  }

  get value(): number {
    return this.#groups.reduce((sum, g, i) => sum + g.values[this.levels[i]!]!, 0)
  }

  /** Groups whose savings change with this one's width. */
  neighbours(group: number): Set<number> {
    return new Set(this.#touching[group]!.flatMap((t) => [...groupsIn(t)]))
  }

  /** What the network costs more with this group at another width. */
  costChange(group: number, level: number): number {
    const before = this.#parts[group]!
    const touching = this.#touching[group]!
    let change = 0
    for (const term of touching) change -= termAt(term, this.#parts)
    this.#parts[group] = partOf(this.#groups[group]!, level)
    for (const term of touching) change += termAt(term, this.#parts)
    this.#parts[group] = before
    return change
  }

  valueChange(group: number, level: number): number {
    const { values } = this.#groups[group]!
    return values[level]! - values[this.levels[group]!]!
  }

  move(group: number, level: number): void {
    this.cost += this.costChange(group, level)
    this.levels[group] = level
    this.#parts[group] = partOf(this.#groups[group]!, level)
  }
}

/** The groups that a term depends on. */
const groupsIn = ({ factors, tiles = [], off = [] }: Term): ReadonlySet<number> =>
  new Set([...factors, ...tiles, ...off].flatMap(({ ratio }) => ratio.shares.map(([g]) => g)))

const partOf = ({ widths }: Widths, level: number): number => widths[level]! / widths.at(-1)!

const partsAt = (groups: readonly Widths[], level: (group: Widths) => number): Float64Array =>
  Float64Array.from(groups, (g) => partOf(g, level(g)))

/** With every group as narrow as it may be. */
export const leastCost = (groups: readonly Widths[], terms: readonly Term[]): number =>
  costAt(
    terms,
    partsAt(groups, () => 0),
  )

/** Steps that are tried, in widths: more than one, since a runtime may gain nothing before a tile is empty. */
const strides = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64]

/**
 * Widths that cost at most `limit`, with the most worth that was found.
 * @returns undefined where the narrowest cost more
 */
export function allocate(groups: readonly Widths[], terms: readonly Term[], limit: number): Levels | undefined {
  if (leastCost(groups, terms) > limit) return undefined
  const starts = [descended(groups, terms, limit), level(groups, terms, limit)]
  for (const trial of starts) improve(trial, groups, limit)
  return starts.reduce((best, trial) => (trial.value > best.value + 1e-12 ? trial : best)).levels
}

/** From all channels down: what loses least for what it saves goes first. */
function descended(groups: readonly Widths[], terms: readonly Term[], limit: number): Trial {
  const trial = new Trial(
    groups,
    terms,
    Int32Array.from(groups, (g) => g.widths.length - 1),
  )
  /** The best step of each group, while nothing near it changes. */
  const known = new Map<number, { readonly level: number; readonly rate: number }>()
  const stepOf = (group: number) => {
    const now = trial.levels[group]!
    const unit = Math.ceil(groups[group]!.widths.length / 128)
    let best = { level: now, rate: Number.POSITIVE_INFINITY }
    for (const stride of strides) {
      const to = Math.max(0, now - stride * unit)
      if (to === now) break
      const saved = -trial.costChange(group, to)
      const rate = saved > 0 ? -trial.valueChange(group, to) / saved : Number.POSITIVE_INFINITY
      if (rate < best.rate) best = { level: to, rate }
    }
    return best
  }
  // What is left of a cost at the floors is a float's last digits.
  while (trial.cost > limit && trial.levels.some((l) => l > 0)) {
    let [group, best] = [-1, { level: 0, rate: Number.POSITIVE_INFINITY }]
    for (let g = 0; g < groups.length; g++) {
      const step = known.get(g) ?? stepOf(g)
      known.set(g, step)
      if (step.rate < best.rate) [group, best] = [g, step]
    }
    // Nothing saves by a few steps of one group alone (tiles): all go on by one.
    if (group < 0) {
      for (let g = 0; g < groups.length; g++) trial.move(g, Math.max(0, trial.levels[g]! - 1))
      known.clear()
      continue
    }
    trial.move(group, best.level)
    known.delete(group)
    for (const near of trial.neighbours(group)) known.delete(near)
  }
  return trial
}

/** The same part of every group. */
function level(groups: readonly Widths[], terms: readonly Term[], limit: number): Trial {
  const at = (thousandths: number) => {
    const levels = Int32Array.from(groups, ({ widths }) => {
      const wanted = (widths.at(-1)! * thousandths) / 1000
      return Math.max(
        0,
        widths.findLastIndex((w) => w <= wanted + slack),
      )
    })
    return new Trial(groups, terms, levels)
  }
  let [low, high] = [0, 1001]
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (at(middle).cost <= limit) low = middle
    else high = middle
  }
  return at(low)
}

const slack = 1e-9

/** Rounds of exchanges; each takes all that it finds, so that few are ever needed. */
const mostRounds = 50

/** Wider groups while there is room, and exchanges of a wider one for narrower ones while that is worth more. */
function improve(trial: Trial, groups: readonly Widths[], limit: number): void {
  const room = limit * (1 + slack)
  const fill = () => {
    for (;;) {
      let best = { group: -1, level: 0, rate: 0 }
      groups.forEach(({ widths }, group) => {
        for (const stride of strides) {
          const to = trial.levels[group]! + stride
          if (to >= widths.length) break
          const [gain, cost] = [trial.valueChange(group, to), trial.costChange(group, to)]
          if (trial.cost + cost > room || gain <= slack) continue
          const rate = gain / Math.max(cost, limit * 1e-12)
          if (rate > best.rate) best = { group, level: to, rate }
        }
      })
      if (best.group < 0) return
      trial.move(best.group, best.level)
    }
  }
  fill()
  for (let round = 0; round < mostRounds; round++) {
    let changed = false
    for (let wider = 0; wider < groups.length; wider++)
      for (const up of strides) {
        const before = trial.levels[wider]!
        const to = before + up
        if (to >= groups[wider]!.widths.length) break
        const gain = trial.valueChange(wider, to)
        trial.move(wider, to)
        const paid = cheapest(trial, groups, wider, room, gain)
        if (paid) {
          trial.move(paid.group, paid.level)
          changed = true
        } else trial.move(wider, before)
      }
    if (!changed) break
    fill()
  }
}

/** The other group that makes room at the least loss, below `gain`. */
function cheapest(trial: Trial, groups: readonly Widths[], not: number, room: number, gain: number) {
  let best: { readonly group: number; readonly level: number } | undefined
  let least = gain - slack
  for (let group = 0; group < groups.length; group++) {
    if (group === not) continue
    const now = trial.levels[group]!
    for (const stride of strides) {
      const to = now - stride
      if (to < 0) break
      const loss = -trial.valueChange(group, to)
      if (loss >= least) break
      if (trial.cost + trial.costChange(group, to) > room) continue
      least = loss
      best = { group, level: to }
      break
    }
  }
  return best
}

/**
 * What no widths within the limit can be worth more than: the fractional knapsack under a cost that is nowhere above the real one.
 *
 * In the logarithms u of the parts that groups keep, costs are sums of exponentials of sums, and convex (geometric programming; Boyd et al., 2007). So they lie above their
 * tangent in any point u*: cost ≥ cost* + Σ a_g·(u_g − u_g*), which has a summand for each group. Of each group's widths those on the upper hull of worth over u
 * can be mixed; the steps along the hulls are taken by worth per cost, the last one in part. Whole tiles, and widths that are no multiples, only add to costs.
 * @param at the point of the tangent: best that of the widths found
 */
export function boundOf(
  groups: readonly Widths[],
  terms: readonly Term[],
  limit: number,
  at: ArrayLike<number>,
): number {
  const slopes = new Float64Array(groups.length)
  let cost = 0
  for (const term of withoutSteps(terms)) {
    const value = termAt(term, at)
    cost += value
    for (const { ratio, exponent } of term.factors)
      for (const [g, share] of ratio.shares)
        slopes[g] = slopes[g]! + (value * exponent * share * at[g]!) / ratioAt(ratio, at)
  }
  let [left, worth] = [limit - cost, 0]
  const steps: { readonly cost: number; readonly worth: number }[] = []
  groups.forEach((group, g) => {
    const hull = upperHull(group)
    left -= slopes[g]! * (hull[0]!.u - Math.log(at[g]!))
    worth += hull[0]!.value
    for (let i = 1; i < hull.length; i++)
      steps.push({ cost: slopes[g]! * (hull[i]!.u - hull[i - 1]!.u), worth: hull[i]!.value - hull[i - 1]!.value })
  })
  steps.sort((a, b) => b.worth * a.cost - a.worth * b.cost)
  for (const step of steps) {
    if (step.cost > left) return worth + (step.worth * Math.max(0, left)) / step.cost
    left -= step.cost
    worth += step.worth
  }
  return worth
}

interface Point {
  readonly u: number
  readonly value: number
}

/** Of a group's widths those that no mixture of two others is worth more than (Andrew's monotone chain). */
function upperHull(group: Widths): Point[] {
  const hull: Point[] = []
  group.values.forEach((value, level) => {
    const next = { u: Math.log(partOf(group, level)), value }
    for (;;) {
      const [a, b] = hull.slice(-2)
      if (!a || !b || (b.value - a.value) * (next.u - b.u) > (next.value - b.value) * (b.u - a.u)) break
      hull.pop()
    }
    hull.push(next)
  })
  return hull
}
