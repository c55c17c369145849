import type { Model, Task } from 'kerf'
import type { TimeTable } from 'kerf/prune'
import { kerfTiming, measureTimes, type TimedCut, timeCut } from 'kerf/workflow'
import { threadedRuntime } from './threaded-runtime.ts'
import { timedOn } from './time-tables.ts'
import type { MeasureProgress, MeasureWish } from './times.ts'

/* Times of layers, in this browser. Loaded when they are measured. */

type Shapes = ReadonlyMap<string, readonly number[]>

const timing = (threads: number) => {
  const { machine, version } = timedOn(threads)
  return kerfTiming({ threads, machine, version, runtime: threadedRuntime, onNotice: () => {} })
}

/** @throws KerfError as `measureTimes` */
export const measureTable = (
  model: Model,
  { threads, seconds }: MeasureWish,
  options: { readonly inputs: Shapes; readonly table?: TimeTable; readonly onTimes: (table: TimeTable) => void },
  { signal, progress }: { readonly signal: AbortSignal; progress(state: MeasureProgress): void },
): Promise<TimeTable> =>
  measureTimes(model, {
    ...options,
    ...{ timing: timing(threads), seconds, signal },
    progress: ({ what, done, total = 1 }) => progress({ what, done, total }),
  })

/** @throws KerfError as `timeCut` */
export const timedBeside = (
  given: Model,
  cut: Model,
  table: TimeTable,
  inputs: Shapes,
  task: Task,
): Promise<TimedCut> => timeCut(given, cut, table, { timing: timing(table.on.threads), inputs }, task)
