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
 * Places buffers so that those that live at the same time do not overlap: one after the other, each at the lowest offset where it fits, the largest first
 * (greedy by size; Pisarchyk and Lee, Efficient Memory Management for Deep Neural Net Inference, 2020). Where that leaves gaps other orders are tried: those
 * first that live when most is needed, or longest.
 */
export function layOut(lifetimes: readonly Lifetime[]): ArenaLayout {
  const sum = lifetimes.reduce((s, l) => s + size(l), 0)
  const { needed, at } = most(lifetimes)
  const lives = (l: Lifetime | undefined) => (l !== undefined && l.first <= at && at <= l.last ? 1 : 0)
  const age = (l: Lifetime | undefined) => (l ? l.last - l.first : 0)
  const orders: readonly ((a: Lifetime | undefined, b: Lifetime | undefined) => number)[] = [
    () => 0,
    (a, b) => lives(b) - lives(a),
    (a, b) => age(b) - age(a),
    (a, b) => lives(b) - lives(a) || age(b) - age(a),
  ]
  let best: ArenaLayout | undefined
  for (const compare of orders) {
    const order = lifetimes
      .map((_, i) => i)
      .sort((a, b) => compare(lifetimes[a], lifetimes[b]) || size(lifetimes[b]) - size(lifetimes[a]) || a - b)
    const found = placed(lifetimes, order)
    if (!best || found.bytes < best.bytes) best = { ...found, sum }
    if (best.bytes === needed) break
  }
  return best!
}

/** What is needed at once at most, and at which task. */
function most(lifetimes: readonly Lifetime[]): { readonly needed: number; readonly at: number } {
  const changes = new Map<number, number>()
  const change = (at: number, bytes: number) => changes.set(at, (changes.get(at) ?? 0) + bytes)
  for (const lifetime of lifetimes) {
    change(lifetime.first, size(lifetime))
    change(lifetime.last + 1, -size(lifetime))
  }
  let [now, needed, place] = [0, 0, 0]
  for (const at of [...changes.keys()].sort((a, b) => a - b)) {
    now += changes.get(at)!
    if (now > needed) [needed, place] = [now, at]
  }
  return { needed, at: place }
}

function placed(lifetimes: readonly Lifetime[], order: readonly number[]): Omit<ArenaLayout, 'sum'> {
  const offsets = new Array<number>(lifetimes.length).fill(0)
  const done: number[] = []
  let bytes = 0
  for (const i of order) {
    const own = lifetimes[i]!
    const neighbours = done.filter((j) => overlaps(own, lifetimes[j]!)).sort((a, b) => offsets[a]! - offsets[b]!)
    let at = 0
    for (const j of neighbours) {
      const start = offsets[j]!
      if (at + size(own) <= start) break
      at = Math.max(at, start + size(lifetimes[j]))
    }
    offsets[i] = at
    bytes = Math.max(bytes, at + size(own))
    done.push(i)
  }
  return { offsets, bytes }
}

const size = (l: Lifetime | undefined): number => Math.ceil((l?.bytes ?? 0) / alignment) * alignment

const overlaps = (a: Lifetime, b: Lifetime): boolean => a.first <= b.last && b.first <= a.last
