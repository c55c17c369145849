import type { Ranked } from './ranks.ts'

/** Sweeps down and up without anything better, behind which it ends. */
const patience = 3
/** Sweeps of a small graph; large ones have fewer, so that the time stays in proportion. */
const mostSweeps = 24
const work = 4e6

/**
 * Nodes of each rank from left to right, with few crossings: sorted by the middle of their neighbours in the rank before, downwards and upwards, as long as it
 * gets better (Gansner et al. 1993).
 */
export function ordered({ ranks, rankOf, above, below, steps }: Ranked): number[][] {
  const place = new Float64Array(rankOf.length)
  let order = startOrder(ranks, above, below, rankOf)
  const settle = () => {
    for (const rank of order) for (const [i, node] of rank.entries()) place[node] = i
  }
  settle()
  let best = order.map((rank) => [...rank])
  let fewest = crossings(order, below, place)
  const sweeps = Math.min(mostSweeps, Math.ceil(work / Math.max(1, steps.length + rankOf.length)))
  for (let sweep = 0, idle = 0; sweep < sweeps && idle < patience && fewest > 0; sweep++) {
    const isDown = sweep % 2 === 0
    const neighbours = isDown ? above : below
    const rows = isDown ? order.keys() : [...order.keys()].reverse()
    for (const r of rows) {
      order[r] = sorted(order[r]!, neighbours, place)
      for (const [i, node] of order[r]!.entries()) place[node] = i
    }
    const now = crossings(order, below, place)
    if (now < fewest) {
      ;[fewest, idle] = [now, 0]
      best = order.map((rank) => [...rank])
    } else idle++
  }
  order = best
  return order
}

/** Depth first from the top, so that branches lie beside each other from the start. */
function startOrder(
  ranks: readonly (readonly number[])[],
  above: readonly (readonly number[])[],
  below: readonly (readonly number[])[],
  rankOf: readonly number[],
): number[][] {
  const order = ranks.map((): number[] => [])
  const seen = new Uint8Array(rankOf.length)
  const starts = ranks.flat().filter((node) => above[node]!.length === 0)
  for (const start of starts) {
    const open = [start]
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      if (seen[node]) continue
      seen[node] = 1
      order[rankOf[node]!]!.push(node)
      open.push(...below[node]!.toReversed())
    }
  }
  return order
}

/** By the middle of their neighbours; those without stay where they are. */
function sorted(rank: readonly number[], neighbours: readonly (readonly number[])[], place: Float64Array): number[] {
  const free = rank.filter((node) => neighbours[node]!.length > 0)
  const middles = new Map(free.map((node) => [node, middle(neighbours[node]!, place)]))
  const moved = free.toSorted((a, b) => middles.get(a)! - middles.get(b)! || place[a]! - place[b]!)
  let next = 0
  return rank.map((node) => (middles.has(node) ? moved[next++]! : node))
}

function middle(neighbours: readonly number[], place: Float64Array): number {
  const places = neighbours.map((n) => place[n]!).sort((a, b) => a - b)
  const half = places.length >> 1
  if (places.length % 2 === 1) return places[half]!
  if (places.length === 2) return (places[0]! + places[1]!) / 2
  // Of an even number the side where they lie closer weighs more.
  const [left, right] = [places[half - 1]! - places[0]!, places.at(-1)! - places[half]!]
  return left + right === 0
    ? (places[half - 1]! + places[half]!) / 2
    : (places[half - 1]! * right + places[half]! * left) / (left + right)
}

/** How often lines between neighbouring ranks cross: pairs in the wrong order, counted in a tree of sums. */
function crossings(
  order: readonly (readonly number[])[],
  below: readonly (readonly number[])[],
  place: Float64Array,
): number {
  let count = 0
  for (const [r, rank] of order.entries()) {
    const width = order[r + 1]?.length ?? 0
    if (width < 2) continue
    const sums = new Int32Array(width + 1)
    let total = 0
    for (const node of rank) {
      const ends = below[node]!.map((n) => place[n]!)
      for (const end of ends) {
        let upTo = 0
        for (let i = end + 1; i > 0; i -= i & -i) upTo += sums[i]!
        count += total - upTo
      }
      for (const end of ends) for (let i = end + 1; i <= width; i += i & -i) sums[i] = sums[i]! + 1
      total += ends.length
    }
  }
  return count
}
