/** An arrow between two boxes, by their numbers; from an earlier one to a later one. */
export interface Arrow {
  /** The box that it starts at. */
  readonly from: number
  /** The box that it ends at, which stands behind the other one. */
  readonly to: number
}

/** Boxes and the places where lines pass a rank, as nodes: first the boxes, by their numbers. */
export interface Ranked {
  /** Of each node. */
  readonly rankOf: readonly number[]
  /** The nodes of each rank, in the order of their boxes. */
  readonly ranks: readonly (readonly number[])[]
  /** Between neighbouring ranks. */
  readonly steps: readonly Arrow[]
  /** Nodes above that a node is joined with. */
  readonly above: readonly (readonly number[])[]
  /** Nodes below. */
  readonly below: readonly (readonly number[])[]
  /** How many boxes there are. */
  readonly boxes: number
  /** The box that a line comes from. */
  sourceOf(node: number): number
}

/**
 * Each box one rank below the lowest of those that it reads; what reads nothing just above its first reader. A line that passes ranks has a node in each: one for
 * all readers.
 * @param count of boxes
 * @param given arrows
 */
export function ranked(count: number, given: readonly Arrow[]): Ranked {
  const seen = new Set<number>()
  const arrows = given.filter(({ from, to }) => {
    const key = from * count + to
    if (from === to || seen.has(key)) return false
    seen.add(key)
    return true
  })
  const rankOf = new Array<number>(count).fill(0)
  const readers = Array.from({ length: count }, (): number[] => [])
  const reads = new Array<boolean>(count).fill(false)
  for (const { from, to } of arrows) {
    readers[from]!.push(to)
    reads[to] = true
  }
  for (let n = 0; n < count; n++) for (const to of readers[n]!) rankOf[to] = Math.max(rankOf[to]!, rankOf[n]! + 1)
  for (let n = count - 1; n >= 0; n--)
    if (!reads[n] && readers[n]!.length > 0)
      rankOf[n] = readers[n]!.reduce((least, to) => Math.min(least, rankOf[to]! - 1), Number.POSITIVE_INFINITY)
  const sources: number[] = []
  const steps: Arrow[] = []
  for (let from = 0; from < count; from++) {
    const own = readers[from]!.toSorted((a, b) => rankOf[a]! - rankOf[b]!)
    let last = from
    for (const to of own) {
      while (rankOf[last]! < rankOf[to]! - 1) {
        const node = count + sources.length
        sources.push(from)
        rankOf.push(rankOf[last]! + 1)
        steps.push({ from: last, to: node })
        last = node
      }
      steps.push({ from: last, to })
    }
  }
  const depth = rankOf.reduce((most, r) => Math.max(most, r + 1), 0)
  const ranks = Array.from({ length: depth }, (): number[] => [])
  for (const [node, rank] of rankOf.entries()) ranks[rank]!.push(node)
  const above = Array.from({ length: rankOf.length }, (): number[] => [])
  const below = Array.from({ length: rankOf.length }, (): number[] => [])
  for (const { from, to } of steps) {
    below[from]!.push(to)
    above[to]!.push(from)
  }
  return {
    ...{ rankOf, ranks, steps, above, below, boxes: count },
    sourceOf: (node) => (node < count ? node : sources[node - count]!),
  }
}
