/** A seeded source of random numbers (mulberry32: 32 bits of state, period 2^32). The same seed gives the same numbers everywhere. */
export interface Random {
  /** Uniform in [0, 1). */
  uniform(): number
  /** Normal with mean 0 and variance 1 (Box–Muller). */
  normal(): number
  /** An integer in [0, `n`). */
  below(n: number): number
}

/** A source whose numbers follow from `seed`, a whole number, of which 32 bits count. */
export function seededRandom(seed: number): Random {
  let state = seed | 0
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  return {
    uniform,
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    below: (n) => Math.floor(uniform() * n),
  }
}

/** Puts numbers into a random order, in place (Fisher–Yates): each order is as likely as any other. */
export function shuffle<T extends Int32Array | number[]>(numbers: T, random: Random): T {
  for (let last = numbers.length - 1; last > 0; last--) {
    const other = random.below(last + 1)
    const kept = numbers[last]!
    numbers[last] = numbers[other]!
    numbers[other] = kept
  }
  return numbers
}

/** A seed from a text, so that one user seed gives every tensor numbers of its own (FNV-1a). */
export function seedFrom(seed: number, text: string): number {
  let h = 0x811c9dc5 ^ seed
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return h | 0
}
