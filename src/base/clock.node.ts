/*
 * One thread is timed by the time of the processor that this process gets: on an idle machine that is the time that passes, on a busy one others only ever add to
 * what passes. Threads that wait for each other spin, so that several are timed by what passes.
 */

const processorClock = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** Milliseconds of the processor for one thread; undefined for several: those that pass. */
export const clockFor = (threads: number): (() => number) | undefined => (threads === 1 ? processorClock : undefined)
