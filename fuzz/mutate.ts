// Changes to bytes and to JSON values, drawn from random numbers.

import type { Random } from '../src/base/index.ts'

export const pick = <T>(random: Random, list: readonly T[]): T => list[random.below(list.length)]!
export const chance = (random: Random, part: number): boolean => random.uniform() < part
export const times = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i))

/** Whole numbers at which programs break: ends of types, and what lies beside them. */
export const integers = [
  ...[0, 1, -1, 2, 3, 4, 7, 8, 16, 127, 128, 255, 256, 1000, 65535, 65536, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), 2 ** 32],
  ...[2 ** 40, 2 ** 53 - 1, 2 ** 53, 2 ** 62, -(2 ** 53)],
]
export const reals = [0, -0, 1, 0.5, -1, 1e-45, 1e-9, 3.4e38, -3.4e38, 1e300, Number.NaN, Infinity, -Infinity]
/** Names that objects of JavaScript have already, and texts that are none. */
export const words = ['', '__proto__', 'constructor', 'toString', 'a'.repeat(300), '\u0000', '../x', '-1', '💥']

/** Bytes changed in a few places: bits, whole bytes, parts taken out, put in again elsewhere, or the end cut off. */
export function mutateBytes(bytes: Uint8Array, random: Random): Uint8Array {
  let out = Array.from(bytes)
  for (let n = 1 + random.below(4); n > 0 && out.length > 0; n--) {
    const at = random.below(out.length)
    const length = 1 + random.below(Math.min(16, out.length - at))
    const kind = random.below(6)
    if (kind === 0) out[at]! ^= 1 << random.below(8)
    else if (kind === 1) out[at] = pick(random, [0, 1, 0x7f, 0x80, 0xff, random.below(256)])
    else if (kind === 2) out.splice(at, length)
    else if (kind === 3) out.splice(random.below(out.length), 0, ...out.slice(at, at + length))
    else if (kind === 4) out.splice(at, length, ...times(length, () => pick(random, [0, 0xff, random.below(256)])))
    else if (chance(random, 0.3)) out = out.slice(0, at)
  }
  return Uint8Array.from(out)
}

/** A JSON value with one of its parts changed, taken out, doubled or exchanged for another part of it. */
export function mutateJson(value: unknown, random: Random): unknown {
  const parts: unknown[] = []
  const collect = (part: unknown): void => {
    parts.push(part)
    if (typeof part === 'object' && part !== null) Object.values(part).forEach(collect)
  }
  collect(value)
  let left = random.below(parts.length)
  const visit = (part: unknown): unknown => {
    if (left-- === 0) return changed(part)
    if (Array.isArray(part)) return part.map(visit)
    if (typeof part !== 'object' || part === null) return part
    return Object.fromEntries(Object.entries(part).map(([key, inner]) => [key, visit(inner)]))
  }
  const changed = (part: unknown): unknown => {
    if (chance(random, 0.2)) return pick(random, parts)
    if (typeof part === 'number' && chance(random, 0.8))
      return pick(random, [...integers, 0.5, 1e-9, 1e300, part + 1, -part, part * 1000])
    if (typeof part === 'string' && chance(random, 0.6)) return pick(random, [...words, part.slice(1), `${part}x`])
    if (Array.isArray(part) && chance(random, 0.8)) {
      const at = random.below(part.length + 1)
      return pick(random, [part.toSpliced(at, 1), [...part, ...part], part.toReversed(), [], part.toSpliced(at, 0, 1)])
    }
    if (typeof part === 'object' && part !== null && chance(random, 0.8)) {
      const entries = Object.entries(part)
      const at = random.below(entries.length + 1)
      if (chance(random, 0.5)) return Object.fromEntries(entries.toSpliced(at, 1))
      return Object.fromEntries([...entries, [pick(random, words), pick(random, parts)]])
    }
    return pick(random, [null, true, [], {}, 0, -1, '', 1e300])
  }
  return visit(value)
}
