import { type Fold, joined } from './fold.ts'
import type { Wiring } from './wiring.ts'

/** A stretch of a list in which a piece of `period` comes `times` times. */
interface Run {
  readonly start: number
  readonly period: number
  /** How far the repetition goes, which may be beyond whole pieces. */
  readonly length: number
}

/** Longer pieces are not looked for. */
const longestPeriod = 96
/** A named block of more layers is one already. */
const small = 3

/**
 * The same list with what comes again and again behind each other as one fold, which opens into its pieces. Longest first; a piece begins where the fewest values
 * come in, and with a layer with MACs rather than with another one.
 * @param within makes a list readable
 */
export function repeated(
  list: readonly Fold[],
  wiring: Wiring,
  within: (parts: readonly Fold[]) => readonly Fold[],
): readonly Fold[] {
  if (list.length < 4 || list.some((f) => f.layers.length > small && f.times === undefined)) return list
  const numbers = new Map<string, number>()
  const keys = Int32Array.from(list, ({ layers }) => {
    const key = layers.map((l) => wiring.keyOf(l)).join()
    const number = numbers.get(key) ?? numbers.size
    numbers.set(key, number)
    return number
  })
  const taken = chosen(runsOf(keys), keys.length)
  const folds: Fold[] = []
  let at = 0
  for (const run of taken) {
    const times = Math.floor(run.length / run.period)
    const start = bestStart(run, times, list, wiring)
    const pieces = Array.from({ length: times }, (_, i) => {
      const parts = list.slice(start + i * run.period, start + (i + 1) * run.period)
      return parts.length === 1 ? parts[0]! : joined(within(parts))
    })
    folds.push(...list.slice(at, start), { ...joined(pieces), times })
    at = start + times * run.period
  }
  folds.push(...list.slice(at))
  // All of it in one: its pieces stand where it would.
  return folds.length === 1 ? folds[0]!.parts : folds
}

/** Every stretch that repeats itself, as far as it goes. */
function runsOf(keys: Int32Array): Run[] {
  const runs: Run[] = []
  for (let period = 1; period <= Math.min(longestPeriod, keys.length >> 1); period++)
    for (let i = 0; i + period < keys.length; i++) {
      if (keys[i] !== keys[i + period]) continue
      const start = i
      while (i + period < keys.length && keys[i] === keys[i + period]) i++
      runs.push({ start, period, length: i + period - start })
    }
  return runs.filter(isWorthIt)
}

/** Twice the same of two, or three times one: less is quicker read than opened. */
const isWorthIt = ({ period, length }: Run): boolean => length >= period * (period === 1 ? 3 : 2)

/** Runs that do not overlap, in order: the longest first, of equal ones that with the shortest pieces. */
function chosen(runs: readonly Run[], count: number): Run[] {
  const isTaken = new Uint8Array(count)
  const taken: Run[] = []
  for (const { start, period, length } of runs.toSorted((a, b) => b.length - a.length || a.period - b.period)) {
    // What is left of it between others.
    let [from, end] = [start, start + length]
    while (from < end && isTaken[from]) from++
    while (end > from && isTaken[end - 1]) end--
    const run = { start: from, period, length: end - from }
    if (!isWorthIt(run) || isTaken.subarray(from, end).includes(1)) continue
    isTaken.fill(1, from, end)
    taken.push(run)
  }
  return taken.sort((a, b) => a.start - b.start)
}

function bestStart({ start, period, length }: Run, times: number, list: readonly Fold[], wiring: Wiring): number {
  const costOf = (at: number) => {
    const [first] = list[at + period]!.layers
    return 2 * wiring.passing(first!) + ((first!.macs ?? 0) > 0 ? 0 : 1)
  }
  let best = start
  for (let at = start + 1; at <= start + length - times * period; at++) if (costOf(at) < costOf(best)) best = at
  return best
}
