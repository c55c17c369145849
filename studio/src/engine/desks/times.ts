import { KerfError, type Model } from 'kerf'
import type { TimeTable } from 'kerf/prune'
import type { OpenModel } from '../open-model.ts'
import type { CutTime } from '../prune-types.ts'
import type { MeasureProgress, MeasureWish } from '../times.ts'
import type { MeasureDesk } from './measure.ts'

/** What is known of the times of the open network's layers. */
export interface KnownTimes {
  readonly threads: number
  /** Of a run of the open network, as they predict it, in milliseconds. */
  readonly ms: number
  /** How many layers that sums. */
  readonly layers: number
  /** How many times were measured: layers at several widths each. */
  readonly points: number
}

/** Times of layers at several widths, in this browser: what predictions of time stand on. */
export class TimesDesk {
  readonly #open: OpenModel
  readonly #measure: MeasureDesk
  /** Of all that the file's network may become. */
  #table: { readonly of: Model; readonly table: TimeTable } | undefined

  constructor(open: OpenModel, measure: MeasureDesk) {
    this.#open = open
    this.#measure = measure
  }

  /** The table for the open model, where there is one. */
  get table(): TimeTable | undefined {
    return this.#table?.of === this.#file ? this.#table.table : undefined
  }

  /** What was measured before, on so many threads; undefined where that does not tell of the open network. */
  async known(threads: number): Promise<KnownTimes | undefined> {
    const { keptTimes } = await import('../time-tables.ts')
    const file = this.#file
    if (this.table?.on.threads !== threads) {
      const table = await keptTimes(file, threads)
      this.#table = table && { of: file, table }
    }
    return this.#told()
  }

  /**
   * Measures what is not known yet. What was measured before a stop is kept.
   * @param wish `seconds`: how long each layer at each width
   * @returns undefined where it was stopped
   * @throws KerfError as `measureTimes`
   */
  async measure(wish: MeasureWish, progress: (state: MeasureProgress) => void): Promise<KnownTimes | undefined> {
    const { measureTable } = await import('../measure-table.ts')
    const { keepTimes } = await import('../time-tables.ts')
    const { model, inputShapes: inputs } = this.#open
    const file = this.#file
    await this.known(wish.threads)
    let latest: TimeTable | undefined
    const options = { inputs, table: this.table, onTimes: (table: TimeTable) => (latest = table) }
    try {
      latest =
        (await this.#measure.alone((signal) => measureTable(model, wish, options, { signal, progress }))) ?? latest
    } finally {
      if (latest) {
        this.#table = { of: file, table: latest }
        await keepTimes(file, latest)
      }
    }
    return this.#told()
  }

  /** Measures a cut in turns with what it was cut from, and keeps what that says of predictions. */
  async timeCut(given: Model, cut: Model): Promise<CutTime | undefined> {
    const { timedBeside } = await import('../measure-table.ts')
    const { keepTimes } = await import('../time-tables.ts')
    const { table } = this
    if (!table) return undefined
    const file = this.#file
    const timed = await this.#measure.alone((signal) =>
      timedBeside(given, cut, table, this.#open.inputShapes, { signal }),
    )
    if (!timed) return undefined
    const { times, beforeMs, predictedMs, afterMs } = timed
    this.#table = { of: file, table: times }
    await keepTimes(file, times)
    return { beforeMs, predictedMs, afterMs }
  }

  get #file(): Model {
    return this.#open.steps[0]!.model
  }

  async #told(): Promise<KnownTimes | undefined> {
    const { table } = this
    if (!table) return undefined
    const { predictTime } = await import('kerf/workflow')
    try {
      const { ms, layers } = predictTime(this.#open.model, table, { inputs: this.#open.inputShapes })
      return { ms, layers, threads: table.on.threads, points: Object.values(table.layers).flat().length }
    } catch (error) {
      // Measured in part, or for other sizes.
      if (error instanceof KerfError && error.code === 'no-times') return undefined
      throw error
    }
  }
}
