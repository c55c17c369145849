import { getOrAdd } from '../../base/index.ts'
import type { Labels } from '../../graph/index.ts'
import type { ChannelGroups } from '../groups.ts'

/*
 * How long an axis is when groups are narrower. With x_g the part of group g that stays, the part of an axis that stays is linear in them:
 *
 *     r(x) = constant + Σ_g share_g · x_g,   r(1) = 1
 *
 * A Concat's axis belongs to several groups, one that only keeps some of its channels has a constant.
 */

/** What part of an axis stays. */
export interface Ratio {
  /** Equal for axes that shrink alike. */
  readonly key: string
  /** The part that no group has. */
  readonly constant: number
  /** By the group's place among `ChannelGroups.groups`. */
  readonly shares: readonly (readonly [group: number, share: number])[]
}

export function ratioAt({ constant, shares }: Ratio, parts: ArrayLike<number>): number {
  let sum = constant
  for (const [group, share] of shares) sum += share * parts[group]!
  return sum
}

/** The axes of a network's values and stored tensors that shrink with groups. */
export class Ratios {
  readonly #found: ChannelGroups
  /** By representative label. */
  readonly #owner: ReadonlyMap<number, number>
  readonly #known = new Map<Labels, Ratio | undefined>()

  constructor(found: ChannelGroups) {
    this.#found = found
    this.#owner = new Map(found.groups.flatMap((group, g) => group.classes.map((c) => [c.label, g] as const)))
  }

  /**
   * Of a value or a stored tensor: the axes that shrink. Of channels that lie over several axes (between two Reshapes) the first stands for all.
   */
  of(name: string): [axis: number, ratio: Ratio][] {
    const { trace } = this.#found
    const grouped = trace.groupedAxes.get(name)
    const axes: (readonly [number, Labels])[] = [
      ...(trace.tensorAxes.get(name) ?? []),
      ...(grouped ? [[grouped.axis, grouped.labels] as const] : []),
      ...(trace.tracks.get(name) ?? []).map((t) => [t.axes[0]!, t.labels] as const),
    ]
    return axes.flatMap(([axis, labels]) => {
      const ratio = this.#ofLabels(labels)
      return ratio ? [[axis, ratio] as [number, Ratio]] : []
    })
  }

  #ofLabels(labels: Labels): Ratio | undefined {
    if (!this.#known.has(labels)) this.#known.set(labels, this.#count(labels))
    return this.#known.get(labels)
  }

  #count(labels: Labels): Ratio | undefined {
    const { trace } = this.#found
    const counts = new Map<number, { count: number }>()
    let fixed = 0
    for (const label of labels) {
      const group = this.#owner.get(trace.labels.find(label))
      if (group === undefined) fixed++
      else getOrAdd(counts, group, () => ({ count: 0 })).count++
    }
    if (counts.size === 0) return undefined
    const shares = [...counts].sort(([a], [b]) => a - b).map(([g, { count }]) => [g, count / labels.length] as const)
    const constant = fixed / labels.length
    return { key: `${constant}|${shares.map((s) => s.join(':')).join()}`, constant, shares }
  }
}
