/*
 * One option for each of several layers, so that the errors sum up to the least within a limit of cost: a knapsack with a choice in each. Costs above those of the
 * cheapest options are counted in steps, rounded up, so that what is found is within the limit; what the rounding left over is spent afterwards.
 */

/** What an option costs, and what it loses. */
export interface Priced {
  readonly cost: number
  readonly error: number
}

/** Steps that what may be spent is divided into. */
const steps = 4096
/** Options of a layer that are looked at, at most: evenly spread over their costs. */
const mostOptions = 256

/**
 * @param layers the options of each
 * @returns the number of each layer's option; undefined where the cheapest of all cost more than the limit
 */
export function leastError(layers: readonly (readonly Priced[])[], limit: number): number[] | undefined {
  const fronts = layers.map(front)
  const spare = limit - leastCost(layers)
  if (!(spare >= 0)) return undefined
  const step = spare / steps
  const inSteps = (extra: number) => (extra <= 0 ? 0 : step > 0 ? Math.ceil(extra / step) : Number.POSITIVE_INFINITY)
  let best = new Float64Array(steps + 1)
  const taken = fronts.map((options) => {
    const choice = new Int32Array(steps + 1)
    const next = new Float64Array(steps + 1).fill(Number.POSITIVE_INFINITY)
    options.forEach(({ cost, error }, o) => {
      const used = inSteps(cost - options[0]!.cost)
      for (let at = used; at <= steps; at++) {
        const sum = best[at - used]! + error
        if (sum < next[at]!) {
          next[at] = sum
          choice[at] = o
        }
      }
    })
    best = next
    return { options, choice }
  })
  let at = steps
  const chosen = taken.toReversed().map(({ options, choice }) => {
    const o = choice[at]!
    at -= inSteps(options[o]!.cost - options[0]!.cost)
    return o
  })
  return spend(fronts, chosen.reverse(), limit).map((o, i) => fronts[i]![o]!.at)
}

/** Of the cheapest options of all. */
export const leastCost = (layers: readonly (readonly Priced[])[]): number =>
  layers.reduce(
    (sum, options) => sum + options.reduce((least, o) => Math.min(least, o.cost), Number.POSITIVE_INFINITY),
    0,
  )

type Indexed = Priced & { readonly at: number }

/** Options that no other beats in both, cheapest first. */
function front(options: readonly Priced[]): Indexed[] {
  const sorted = options.map((o, at): Indexed => ({ ...o, at })).sort((a, b) => a.cost - b.cost || a.error - b.error)
  let least = Number.POSITIVE_INFINITY
  const best = sorted.filter(({ error }) => {
    const isBetter = error < least
    if (isBetter) least = error
    return isBetter
  })
  if (best.length <= mostOptions) return best
  const [first, last] = [best[0]!, best.at(-1)!]
  const wanted = Array.from(
    { length: mostOptions },
    (_, i) => first.cost + ((last.cost - first.cost) * i) / (mostOptions - 1),
  )
  let next = 0
  const thinned = wanted.flatMap((cost) => {
    let found: Indexed | undefined
    while (next < best.length && best[next]!.cost <= cost) found = best[next++]
    return found ? [found] : []
  })
  return thinned.includes(last) ? thinned : [...thinned, last]
}

/** Takes better options while there is room, the one that gains most first. */
function spend(layers: readonly (readonly Indexed[])[], chosen: readonly number[], limit: number): number[] {
  const now = [...chosen]
  const costOf = () => now.reduce((sum, o, i) => sum + layers[i]![o]!.cost, 0)
  for (let left = limit - costOf(); ; left = limit - costOf()) {
    let best: { readonly layer: number; readonly option: number; readonly gain: number } | undefined
    for (const [layer, options] of layers.entries()) {
      const own = options[now[layer]!]!
      const option = options.findLastIndex((o) => o.cost - own.cost <= left)
      const gain = option > now[layer]! ? own.error - options[option]!.error : 0
      if (gain > (best?.gain ?? 0)) best = { layer, option, gain }
    }
    if (!best) return now
    now[best.layer] = best.option
  }
}
