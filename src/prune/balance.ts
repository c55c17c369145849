/*
 * The groups of a grouped convolution keep equally many channels. Between two of them lies a shuffle, so that a channel is in some group (row) of the
 * one and some group (column) of the other: those that stay must have equal sums along rows and along columns. Which are best is a transportation
 * problem, and because its bounds are whole numbers so is its solution (Birkhoff, von Neumann): as the channels lie equally to begin with, every
 * number that both kinds of groups divide can be kept.
 */

/** For each class the block it lies in, of `parts` blocks with equally many classes each. */
export interface Partition {
  readonly parts: number
  readonly blocks: Int32Array
}

/** How the classes of a group can be kept. */
export interface Balancing {
  /** Only multiples of this number can be kept. */
  readonly unit: number
  /** Indices of the `count` classes (a multiple of `unit`) with the largest sum of scores that keep all blocks equal. */
  best(scores: ArrayLike<number>, count: number): number[]
  /** The sums of these scores, for every count: 0, `unit`, 2 · `unit` … */
  sums(scores: ArrayLike<number>): Float64Array
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b))
export const lcm = (a: number, b: number): number => (a / gcd(a, b)) * b

/** Indices from the best to the worst; of equals the later is better. */
const ranked = (scores: ArrayLike<number>, indices: readonly number[]): number[] =>
  [...indices].sort((a, b) => scores[b]! - scores[a]! || b - a)

/** The classes in each block of a partition. */
function members({ parts, blocks }: Partition): number[][] {
  const lists = Array.from({ length: parts }, (): number[] => [])
  blocks.forEach((block, i) => {
    lists[block]?.push(i)
  })
  return lists
}

/** Of each list the best score, the two best, and so on, together: lists are of one length. */
function runningSums(scores: ArrayLike<number>, lists: readonly (readonly number[])[]): Float64Array {
  const orders = lists.map((list) => ranked(scores, list))
  const sums = new Float64Array(orders[0]!.length + 1)
  for (let i = 0; i < sums.length - 1; i++)
    sums[i + 1] = orders.reduce((sum, order) => sum + scores[order[i]!]!, sums[i]!)
  return sums
}

/** No grouped convolution: the best of all. */
export const freely: Balancing = {
  unit: 1,
  best: (scores, count) => ranked(scores, [...Array(scores.length).keys()]).slice(0, count),
  sums: (scores) => runningSums(scores, [[...Array(scores.length).keys()]]),
}

/** The same number from every block of one partition: the best of each. */
export function equally(partition: Partition): Balancing {
  const lists = members(partition)
  return {
    unit: partition.parts,
    best: (scores, count) => lists.flatMap((list) => ranked(scores, list).slice(0, count / partition.parts)),
    sums: (scores) => runningSums(scores, lists),
  }
}

/** Equal along the blocks of two partitions. */
export function acrossTwo(rows: Partition, columns: Partition): Balancing {
  const cells = Array.from({ length: rows.parts * columns.parts }, (): number[] => [])
  rows.blocks.forEach((row, i) => {
    cells[row * columns.parts + columns.blocks[i]!]?.push(i)
  })
  const unit = lcm(rows.parts, columns.parts)
  const best: Balancing['best'] = (scores, count) => transport(scores, cells, rows.parts, columns.parts, count)
  return {
    unit,
    best,
    sums: (scores) =>
      Float64Array.from({ length: scores.length / unit + 1 }, (_, n) =>
        best(scores, n * unit).reduce((sum, i) => sum + scores[i]!, 0),
      ),
  }
}

/**
 * Adds one class after the other along the cheapest augmenting path (Jewell 1958, Busacker and Gowen 1960), which may give back a worse class of
 * another cell on its way. Within a cell the best come first, so that costs are convex and the result is the best of all.
 */
function transport(
  scores: ArrayLike<number>,
  cells: readonly number[][],
  rows: number,
  columns: number,
  count: number,
): number[] {
  const order = cells.map((cell) => ranked(scores, cell))
  const used = cells.map(() => 0)
  const rowLeft = new Array<number>(rows).fill(count / rows)
  const columnLeft = new Array<number>(columns).fill(count / columns)
  const score = (cell: number, place: number) => scores[order[cell]?.[place] as number]!
  for (let done = 0; done < count; done++) {
    const gain = new Array<number>(rows + columns).fill(Number.NEGATIVE_INFINITY)
    const from = new Array<number>(rows + columns).fill(-1)
    for (let r = 0; r < rows; r++) if (rowLeft[r]! > 0) gain[r] = 0
    const reach = (node: number, value: number, before: number): boolean => {
      // Rounding must not make a circle look like a gain.
      if (!(value > gain[node]! + 1e-12)) return false
      gain[node] = value
      from[node] = before
      return true
    }
    for (let changed = true; changed; ) {
      changed = false
      for (let r = 0; r < rows; r++)
        for (let c = 0; c < columns; c++) {
          const cell = r * columns + c
          const taken = used[cell]!
          if (taken < order[cell]!.length) changed = reach(rows + c, gain[r]! + score(cell, taken), r) || changed
          if (taken > 0) changed = reach(r, gain[rows + c]! - score(cell, taken - 1), rows + c) || changed
        }
    }
    let node = -1
    for (let c = 0; c < columns; c++)
      if (columnLeft[c]! > 0 && (node === -1 || gain[rows + c]! > gain[node]!)) node = rows + c
    columnLeft[node - rows] = columnLeft[node - rows]! - 1
    for (let before = from[node]!; before !== -1; node = before, before = from[node]!) {
      const forward = before < rows
      const cell = forward ? before * columns + (node - rows) : node * columns + (before - rows)
      used[cell] = used[cell]! + (forward ? 1 : -1)
    }
    rowLeft[node] = rowLeft[node]! - 1
  }
  return order.flatMap((cell, i) => cell.slice(0, used[i]))
}
