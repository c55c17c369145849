import type { Ranked } from './ranks.ts'

/** How much room nodes take. */
export interface Room {
  widthOf(node: number): number
  /** That a node needs on either side at least half of. */
  gapOf(node: number): number
}

/**
 * The middle of each node from left to right (Brandes and Köpf, Fast and Simple Horizontal Coordinate Assignment, 2001): nodes are aligned with the middle of their
 * neighbours, above or below, from the left or from the right, and pushed together; of the four places the mean of the two in the middle is taken. Lines that
 * pass ranks come out straight.
 */
export function placed(ranks: Ranked, order: readonly (readonly number[])[], room: Room): Float64Array {
  const count = ranks.rankOf.length
  const conflicts = crossedByLines(ranks, order)
  const four: Float64Array[] = []
  for (const down of [true, false])
    for (const fromLeft of [true, false]) {
      const rows = down ? order : order.toReversed()
      const facing = fromLeft ? rows : rows.map((row) => row.toReversed())
      const neighbours = down ? ranks.above : ranks.below
      const roots = aligned(facing, neighbours, conflicts, count)
      const x = compacted(facing, roots, room, count)
      four.push(fromLeft ? x : x.map((v) => -v))
    }
  // Laid over the narrowest one: those from the left by their left ends, the others by their right ones.
  const [lefts, rights] = [four.map((x) => edge(x, room, -1)), four.map((x) => edge(x, room, 1))]
  const widths = four.map((_, i) => rights[i]! - lefts[i]!)
  const narrowest = widths.indexOf(Math.min(...widths))
  four.forEach((x, i) => {
    const shift = i % 2 === 0 ? lefts[narrowest]! - lefts[i]! : rights[narrowest]! - rights[i]!
    for (let n = 0; n < count; n++) x[n] = x[n]! + shift
  })
  return Float64Array.from({ length: count }, (_, n) => {
    const places = four.map((x) => x[n]!).sort((a, b) => a - b)
    return (places[1]! + places[2]!) / 2
  })
}

const edge = (x: Float64Array, { widthOf }: Room, side: -1 | 1): number =>
  x.reduce(
    (most, at, n) => side * Math.max(side * most, side * (at + (side * widthOf(n)) / 2)),
    -side * Number.MAX_VALUE,
  )

const pair = (a: number, b: number, count: number): number => a * count + b

/** Steps that cross a line which passes ranks: the line stays straight, they may bend. */
function crossedByLines({ above, boxes, rankOf }: Ranked, order: readonly (readonly number[])[]): Set<number> {
  const count = rankOf.length
  const found = new Set<number>()
  const place = new Float64Array(count)
  for (const rank of order) for (const [i, node] of rank.entries()) place[node] = i
  const isLine = (node: number) => node >= boxes
  for (const [r, rank] of order.entries()) {
    if (r === 0) continue
    const last = order[r - 1]!.length - 1
    let [left, from] = [0, 0]
    for (const [i, node] of rank.entries()) {
      const inner = isLine(node) ? above[node]!.find(isLine) : undefined
      if (inner === undefined && i < rank.length - 1) continue
      const right = inner === undefined ? last : place[inner]!
      for (; from <= i; from++)
        for (const over of above[rank[from]!]!) {
          const isOutside = place[over]! < left || place[over]! > right
          if (isOutside && !(isLine(over) && isLine(rank[from]!))) found.add(pair(over, rank[from]!, count))
        }
      left = right
    }
  }
  return found
}

/**
 * Nodes that stand in one line: for each the first of its line.
 * @param rows in the direction of the sweep, each in its direction
 * @param neighbours in the row before
 */
function aligned(
  rows: readonly (readonly number[])[],
  neighbours: readonly (readonly number[])[],
  conflicts: ReadonlySet<number>,
  count: number,
): Int32Array {
  const root = Int32Array.from({ length: count }, (_, n) => n)
  const isTaken = new Uint8Array(count)
  const place = new Float64Array(count)
  for (const row of rows) for (const [i, node] of row.entries()) place[node] = i
  for (const row of rows) {
    let last = -1
    for (const node of row) {
      const near = neighbours[node]!.toSorted((a, b) => place[a]! - place[b]!)
      if (near.length === 0) continue
      const middle = (near.length - 1) / 2
      for (const m of new Set([Math.floor(middle), Math.ceil(middle)])) {
        const other = near[m]!
        const isCrossed = conflicts.has(pair(other, node, count)) || conflicts.has(pair(node, other, count))
        if (root[node] !== node || isTaken[other] || isCrossed || place[other]! <= last) continue
        root[node] = root[other]!
        isTaken[other] = 1
        last = place[other]!
      }
    }
  }
  return root
}

/** Each line as far to the left as those on its left let it, then those that have room as far to the right as keeps them near. */
function compacted(
  rows: readonly (readonly number[])[],
  root: Int32Array,
  { widthOf, gapOf }: Room,
  count: number,
): Float64Array {
  const apart = (a: number, b: number) => (widthOf(a) + widthOf(b)) / 2 + (gapOf(a) + gapOf(b)) / 2
  /** Lines that stand directly to the left, and how far. */
  const left = new Map<number, Map<number, number>>()
  const right = new Map<number, Map<number, number>>()
  const add = (to: Map<number, Map<number, number>>, a: number, b: number, distance: number) => {
    const own = to.get(a) ?? new Map<number, number>()
    own.set(b, Math.max(own.get(b) ?? 0, distance))
    to.set(a, own)
  }
  for (const row of rows)
    for (const [i, node] of row.entries()) {
      const before = row[i - 1]
      if (before === undefined) continue
      add(left, root[node]!, root[before]!, apart(before, node))
      add(right, root[before]!, root[node]!, apart(before, node))
    }
  const at = new Float64Array(count)
  const sequence = topological(root, left)
  for (const line of sequence)
    for (const [other, distance] of left.get(line) ?? []) at[line] = Math.max(at[line]!, at[other]! + distance)
  for (const line of sequence.toReversed()) {
    const own = right.get(line)
    if (!own) continue
    let most = Number.POSITIVE_INFINITY
    for (const [other, distance] of own) most = Math.min(most, at[other]! - distance)
    // A line without anything on its left would stand at the far left otherwise.
    if (most > at[line]!) at[line] = most
  }
  return Float64Array.from({ length: count }, (_, n) => at[root[n]!]!)
}

/** Lines so that each comes behind those on its left. */
function topological(root: Int32Array, left: ReadonlyMap<number, ReadonlyMap<number, number>>): number[] {
  const state = new Uint8Array(root.length)
  const sequence: number[] = []
  for (const start of root) {
    const open = [start]
    while (open.length > 0) {
      const line = open.at(-1)!
      if (state[line] === 0) {
        state[line] = 1
        for (const other of left.get(line)?.keys() ?? []) if (state[other] === 0) open.push(other)
      } else {
        open.pop()
        if (state[line] === 1) {
          state[line] = 2
          sequence.push(line)
        }
      }
    }
  }
  return sequence
}
