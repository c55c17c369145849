/** A buffer that lives from one step to another, both included. */
export interface Lifetime {
  /** Its size. */
  readonly bytes: number
  /** Index of the first task that needs it. */
  readonly first: number
  /** Index of the last one. */
  last: number
}

export interface ArenaLayout {
  /** Offset of each buffer, in the order given. */
  readonly offsets: readonly number[]
  /** Size of the arena: the peak. */
  readonly bytes: number
  /** What the buffers would take side by side. */
  readonly sum: number
}

const alignment = 64

/**
 * Places buffers so that those that live at the same time do not overlap: the largest first, each at the lowest offset where it fits
 * (greedy by size; Pisarchyk and Lee, Efficient Memory Management for Deep Neural Net Inference, 2020).
 */
export function layOut(lifetimes: readonly Lifetime[]): ArenaLayout {
  const order = lifetimes.map((_, i) => i).sort((a, b) => size(lifetimes[b]) - size(lifetimes[a]) || a - b)
  const offsets = new Array<number>(lifetimes.length).fill(0)
  const placed: number[] = []
  let bytes = 0
  for (const i of order) {
    const own = lifetimes[i]!
    const neighbours = placed.filter((j) => overlaps(own, lifetimes[j]!)).sort((a, b) => offsets[a]! - offsets[b]!)
    let at = 0
    for (const j of neighbours) {
      const start = offsets[j]!
      if (at + size(own) <= start) break
      at = Math.max(at, start + size(lifetimes[j]))
    }
    offsets[i] = at
    bytes = Math.max(bytes, at + size(own))
    placed.push(i)
  }
  return { offsets, bytes, sum: lifetimes.reduce((s, l) => s + size(l), 0) }
}

const size = (l: Lifetime | undefined): number => Math.ceil((l?.bytes ?? 0) / alignment) * alignment

const overlaps = (a: Lifetime, b: Lifetime): boolean => a.first <= b.last && b.first <= a.last
