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

/** A turn lasts about this long, so that what a contender leaves behind (caches, threads that still spin) fades within it. */
const turnMs = 40

/** How contenders are timed. */
export interface TimingTask extends Task {
  /** Milliseconds that have passed since some moment. Default `performance.now`; on a busy machine the time of the processor that a process got tells more. */
  readonly clock?: () => number
}

/**
 * Times contenders in turns, so that a busy moment of the machine hits all alike. The first run of each turn is not counted.
 * @param contenders what is compared
 * @param seconds how long altogether; each contender gets at least five counted runs
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
  for (const { step } of contenders) for (let i = 0; i < 2; i++) await untimed(step)
  const begin = performance.now()
  const total = 1000 * seconds
  const passed = () => performance.now() - begin
  while (passed() < total || times.some((t) => t.length < 5))
    for (const [i, { step }] of contenders.entries()) {
      await untimed(step)
      progress?.({ what: 'measuring', done: Math.min(passed(), total), total, unit: 'ms' })
      const turn = performance.now()
      do {
        const start = clock()
        await step()
        times[i]?.push(clock() - start)
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
