import { turns as othersTurns, type Task } from '../base/index.ts'

/** What was measured of one contender. */
export interface Timing {
  /** Half of the runs took less. */
  readonly medianMs: number
  /** The shortest run. */
  readonly fastestMs: number
  /** A quarter of the runs took less than the first, a quarter more than the second. */
  readonly quartilesMs: readonly [lower: number, upper: number]
  /** How many were counted. */
  readonly runs: number
}

/** A turn lasts about this long, so that what a contender leaves behind (caches, threads that still spin) fades within it; less where there is no time for a turn of each. */
const longestTurnMs = 40

/** What is timed lasts so many ticks of the clock at least: steps that take less are timed several at a time. In a page a tick is 5 µs, or 100 where it is not isolated. */
const ticksTimed = 25
const mostTogether = 10_000

/** Calls of a clock within which it moves on. */
const mostCalls = 20_000

/** The step that a clock makes, in milliseconds; 0 for one that makes none. */
function tickOf(clock: () => number): number {
  let last = clock()
  let ticks = 0
  for (let i = 0; i < mostCalls; i++) {
    const now = clock()
    if (now === last) continue
    // The first may have been under way.
    if (++ticks === 2) return now - last
    last = now
  }
  return 0
}

/** How contenders are timed. */
export interface TimingTask extends Task {
  /** Milliseconds that have passed since some moment. Default `performance.now`; on a busy machine the time of the processor that a process got tells more. */
  readonly clock?: () => number
}

/**
 * Times contenders in turns, so that a busy moment of the machine hits all alike. The first run of each turn is not counted.
 * @param contenders what is compared
 * @param seconds how long altogether; each contender is timed at least five times
 * @throws KerfError `aborted`, between two runs
 */
export async function timeInTurns(
  contenders: readonly {
    /** Does once what is timed. */
    step(): Promise<void>
  }[],
  seconds: number,
  { signal, progress, clock = () => performance.now() }: TimingTask = {},
): Promise<Timing[]> {
  const times = contenders.map(() => [] as number[])
  // What is not timed: others have their turn before a run, never within.
  const others = othersTurns(signal, 'Timing')
  const untimed = async (step: () => Promise<void>) => {
    await others()
    await step()
  }
  const leastMs = ticksTimed * tickOf(clock)
  const together: number[] = []
  for (const { step } of contenders) {
    await untimed(step)
    const start = clock()
    let steps = 0
    do await step()
    while (++steps < mostTogether && clock() - start < leastMs)
    together.push(steps)
  }
  const begin = performance.now()
  const total = 1000 * seconds
  const turnMs = Math.min(longestTurnMs, total / contenders.length)
  const passed = () => performance.now() - begin
  while (passed() < total || times.some((t) => t.length < 5))
    for (const [i, { step }] of contenders.entries()) {
      await untimed(step)
      progress?.({ what: 'measuring', done: Math.min(passed(), total), total, unit: 'ms' })
      const turn = performance.now()
      do {
        const start = clock()
        for (let n = 0; n < together[i]!; n++) await step()
        times[i]?.push((clock() - start) / together[i]!)
      } while (performance.now() - turn < turnMs)
    }
  return times.map((t) => {
    const sorted = t.sort((a, b) => a - b)
    const at = (part: number) => sorted[Math.floor(part * sorted.length)]!
    return {
      medianMs: at(1 / 2),
      fastestMs: at(0),
      quartilesMs: [at(1 / 4), at(3 / 4)],
      runs: sorted.length,
    }
  })
}
