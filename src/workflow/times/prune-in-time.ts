import { stoppable, type Task } from '../../base/index.ts'
import type { Model } from '../../graph/index.ts'
import { type ModelSource, modelOf } from '../../onnx/index.ts'
import {
  type BoundInputs,
  networkToTime,
  type PruneOptions,
  type PruneResult,
  predictedMs,
  pruneModel,
  type Target,
  type TimeTable,
} from '../../prune/index.ts'
import { measureLayersOf, measureTimes, withNetwork } from './measure.ts'
import { feedsToTime, type TimingRuntime } from './runtimes.ts'

/** How a target in milliseconds is reached by measuring. */
export interface InTimeOptions {
  /** Where networks are timed. */
  readonly timing: TimingRuntime
  /** Cuts at most: after each the cut network is measured, which corrects the next prediction. Default 4. */
  readonly rounds?: number
  /** How long each layer is measured at each width, about. Default 0.06. */
  readonly seconds?: number
  /** Given the table whenever it has new times, to be kept for the next time. */
  readonly onTimes?: (table: TimeTable) => void
}

/** What was measured of a network that was cut to a time. */
export interface TimeMeasured {
  /** Of the given network, milliseconds. */
  readonly beforeMs: number
  /** What the cut one was predicted to take. */
  readonly predictedMs: number
  /** What it takes, measured in turns with the given one. */
  readonly afterMs: number
  /** How many cuts were made; the one that is nearest to the target is given. */
  readonly rounds: number
  /** Where. */
  readonly on: TimeTable['on']
}

/** A network that was cut to a time. */
export interface PrunedInTime {
  /** The cut that is nearest to the target, as measured; `warnings` says where it does. */
  readonly result: PruneResult
  /** Times of it and of the given one. */
  readonly measured: TimeMeasured
}

/** Relative error of a prediction that is as good as measuring. */
const near = 0.02

/**
 * Prunes to a target in milliseconds: measures what the table lacks, cuts, measures the cut network as a whole in turns with the given one, and where the prediction was
 * wrong its layers, too, and cuts anew.
 * @param prune its target is of milliseconds; `times` may be left out
 * @throws KerfError as `measureTimes` and `pruneModel`
 */
export const pruneInTime = (
  source: ModelSource,
  prune: Omit<PruneOptions, keyof Task> & {
    /** Of milliseconds. */
    readonly target: Target
  },
  { timing, rounds = 4, seconds, onTimes }: InTimeOptions,
  task: Task = {},
): Promise<PrunedInTime> =>
  stoppable(
    'Pruning',
    async () => {
      const model = await modelOf(source, task)
      const { inputs, operators, target } = prune
      let times = await measureTimes(model, { timing, seconds, inputs, operators, table: target.times, ...task })
      onTimes?.(times)
      let best: PrunedInTime | undefined
      for (let round = 1; ; round++) {
        const result = await pruneModel(model, { ...prune, target: { ...target, times }, ...task })
        const measured = await measuredInTurns([model, result.model], prune, timing, seconds, task)
        const { before, after: predictedMs, limit } = result.budget!
        // As fast as the machine was when the table was made.
        const [beforeMs, afterMs] = [before, (measured.after * before) / measured.before]
        const network = networkToTime(result.model, { inputs, operators })
        times = withNetwork(times, network, afterMs, { isChosen: true })
        onTimes?.(times)
        const isGood =
          Math.abs(afterMs / predictedMs - 1) <= near || (afterMs <= limit && afterMs >= limit * (1 - near))
        const made = { result, measured: { beforeMs, predictedMs, afterMs, rounds: round, on: times.on } }
        if (!best || missed(made) < missed(best)) best = made
        if (isGood || round >= rounds) return withMiss({ ...best, measured: { ...best.measured, rounds: round } })
        task.progress?.({ what: 'correcting the prediction', done: round, total: rounds })
        // The widths that were chosen, as they are: what a law says too little of is chosen first.
        times = await measureLayersOf(network, times, { timing, seconds, ...task })
        onTimes?.(times)
      }
    },
    prune,
  )

/** How far a time is from the target; as much again where it is above, so that of two that are as near the one within it is taken. */
function missed({ measured, result }: PrunedInTime): number {
  const off = measured.afterMs / result.budget!.limit - 1
  return off > 0 ? 2 * off : -off
}

/** Says where a target was not reached as measured. */
function withMiss({ result, measured }: PrunedInTime): PrunedInTime {
  const { limit } = result.budget!
  const { afterMs, predictedMs } = measured
  if (afterMs <= limit * (1 + near)) return { result, measured }
  const text = (ms: number) => `${Number(ms.toPrecision(3))} ms`
  const warning = `The target of ${text(limit)} was not reached: ${text(afterMs)} were measured, ${text(predictedMs)} predicted. Ask for a little less time; where other programs ran, measure anew with a new time table.`
  return { result: { ...result, warnings: [...result.warnings, warning] }, measured }
}

/** What a network and its cut take. */
export interface TimedCut extends Omit<TimeMeasured, 'rounds'> {
  /** The table with the cut network in it: what it says of the next one is corrected by that. */
  readonly times: TimeTable
}

/**
 * Measures a cut network in turns with the one that it was cut from, beside what a table predicts.
 * @param cut of `pruneModel`, or what recovery made of it
 * @param times that has every layer of both (`measureTimes`)
 * @throws KerfError `no-times` where it lacks a layer; as the runtime throws; `aborted`
 */
export const timeCut = (
  given: ModelSource,
  cut: ModelSource,
  times: TimeTable,
  { timing, seconds, ...options }: BoundInputs & Pick<InTimeOptions, 'timing' | 'seconds'>,
  task: Task = {},
): Promise<TimedCut> =>
  stoppable('Timing', async () => {
    const models = [await modelOf(given, task), await modelOf(cut, task)] as const
    const [network, cutNetwork] = models.map((model) => networkToTime(model, options))
    const [beforeMs, predicted] = [predictedMs(network!, times), predictedMs(cutNetwork!, times)]
    const measured = await measuredInTurns(models, options, timing, seconds, task)
    // As fast as the machine was when the table was made.
    const afterMs = (measured.after * beforeMs) / measured.before
    const corrected = withNetwork(times, cutNetwork!, afterMs, { isChosen: true })
    return { beforeMs, predictedMs: predicted, afterMs, on: times.on, times: corrected }
  })

async function measuredInTurns(
  models: readonly [Model, Model],
  { inputs }: Pick<PruneOptions, 'inputs'>,
  timing: TimingRuntime,
  seconds = 0.06,
  task: Task,
): Promise<{ readonly before: number; readonly after: number }> {
  const runs = models.map((model) => ({ model, feeds: feedsToTime(model, inputs) }))
  const [before = 0, after = 0] = await timing.time(runs, 15 * seconds, task)
  return { before, after }
}
