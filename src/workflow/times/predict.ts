import type { Model } from '../../graph/index.ts'
import { type BoundInputs, networkToTime, predictedMs, type TimeTable } from '../../prune/index.ts'

/** What a network is predicted to take. */
export interface PredictedTime {
  /** Of a run, in milliseconds. */
  readonly ms: number
  /** How many layers were summed. */
  readonly layers: number
}

/**
 * Predicts a run from measured times of layers: of each layer its time at its widths, by what the table has of it; their sum, and what a run costs by itself; that corrected by the
 * whole networks of the table. For the network that the table was made for, and every cut of it.
 * @param times of `measureTimes`
 * @param options shapes of inputs that the file leaves open
 * @throws KerfError `no-times` where the table lacks a layer
 */
export function predictTime(model: Model, times: TimeTable, options: BoundInputs = {}): PredictedTime {
  const network = networkToTime(model, options)
  return { ms: predictedMs(network, times), layers: network.layers.length }
}
