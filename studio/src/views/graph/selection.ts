import type { GraphColumns, GraphTree } from '../../engine/graph/types.ts'
import type { Network } from '../../engine/types.ts'

/*
 * Other views choose rows of the network's layers, which may be fused; the graph chooses boxes. Both meet in the names of nodes.
 */

/** The graph's row of the first node of a row of the network. */
export function graphRow(network: Network, tree: GraphTree, row: number): number {
  return tree.layers.names.indexOf(network.layers.nodes[row]?.[0] ?? '')
}

/** The network's row that a row of the graph is in. */
export function networkRow(network: Network, tree: GraphTree, row: number): number {
  const name = tree.layers.names[row]!
  // Mostly they are the same.
  if (network.layers.nodes[row]?.includes(name)) return row
  return network.layers.nodes.findIndex((nodes) => nodes.includes(name))
}

/** The rows of a box. */
export const rowsOf = ({ boxes: { rows, rowStarts } }: GraphColumns, box: number): Uint32Array =>
  rows.subarray(rowStarts[box]!, rowStarts[box + 1]!)

/** The box that a row lies in; -1: none. */
export function boxOfRow({ boxes: { rows, rowStarts } }: GraphColumns, row: number): number {
  const at = rows.indexOf(row)
  if (at < 0) return -1
  let [low, high] = [0, rowStarts.length - 1]
  while (low < high - 1) {
    const middle = (low + high) >> 1
    if (rowStarts[middle]! <= at) low = middle
    else high = middle
  }
  return low
}

/** Boxes at the other ends of a box's arrows. */
export function neighbours(
  { arrows: { from, to } }: GraphColumns,
  box: number,
): { before: number[]; behind: number[] } {
  const [before, behind]: [number[], number[]] = [[], []]
  for (let i = 0; i < from.length; i++) {
    if (to[i] === box) before.push(from[i]!)
    if (from[i] === box) behind.push(to[i]!)
  }
  return { before, behind }
}

/** The nearest box at about the same height, to the left (-1) or the right (1); -1: none. */
export function beside({ boxes: { x, y, width, height } }: GraphColumns, box: number, side: -1 | 1): number {
  const middle = (i: number) => x[i]! + width[i]! / 2
  let best = -1
  for (let i = 0; i < x.length; i++) {
    const overlaps = y[i]! < y[box]! + height[box]! && y[i]! + height[i]! > y[box]!
    const away = side * (middle(i) - middle(box))
    if (i !== box && overlaps && away > 0 && (best < 0 || away < side * (middle(best) - middle(box)))) best = i
  }
  return best
}
