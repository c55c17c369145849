import type { Model, Profile } from 'kerf'
import { OneAtATime } from '../one-at-a-time.ts'
import type { OpenModel } from '../open-model.ts'
import { type MachineLimits, type Measurement, type MeasureProgress, type NetworkWish, timesOfRows } from '../times.ts'

/** Times in this browser. */
export class MeasureDesk {
  readonly #open: OpenModel
  /** Of every step that was measured, the last one. */
  readonly #measured = new WeakMap<Model, Measurement>()
  /** One measurement at a time: others would change its times. */
  readonly #work = new OneAtATime()

  constructor(open: OpenModel) {
    this.#open = open
  }

  /**
   * Times the network and every layer, in a worker of its own.
   * @param progress is told how far it is
   * @returns undefined where it was stopped
   * @throws KerfError as `createSession`
   */
  async network(wish: NetworkWish, progress: (state: MeasureProgress) => void): Promise<Measurement | undefined> {
    const { measure } = await import('../measure.ts')
    const { model, profile } = this.#open
    const measurement = await this.#work.run((signal) => measure(model, profile.inputs, wish, { signal, progress }))
    if (measurement) this.#measured.set(model, measurement)
    return measurement
  }

  /** What was measured of the open model at the sizes that are counted. */
  get last(): Measurement | undefined {
    const { counted, model } = this.#open
    return counted.profile && this.#of(model, counted.profile)
  }

  /** Milliseconds of every row of the layers as they were counted last; undefined where these were not measured. */
  rows(): Float64Array | undefined {
    const { last } = this
    return last && timesOfRows(this.#open.profile, last.parts)
  }

  /** Milliseconds of every row of a step's layers; undefined where it was not measured at these sizes. */
  timesOf(model: Model, profile: Profile): Float64Array | undefined {
    const measured = this.#of(model, profile)
    return measured && timesOfRows(profile, measured.parts)
  }

  #of(model: Model, { inputs }: Profile): Measurement | undefined {
    const measured = this.#measured.get(model)
    return measured && shapesOf(measured.inputs) === shapesOf(inputs) ? measured : undefined
  }

  /**
   * What this machine does at most.
   * @returns undefined where it was stopped
   */
  async limits(threads: number): Promise<MachineLimits | undefined> {
    const { measureLimits } = await import('../measure.ts')
    return this.#work.run((signal) => measureLimits(threads, signal))
  }

  /**
   * Other measurements, of which none goes on beside these.
   * @returns undefined where it was stopped
   */
  alone<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
    return this.#work.run(work)
  }

  /** Ends what is measured. */
  stop(): void {
    this.#work.stop()
  }
}

const shapesOf = (inputs: Profile['inputs']): string => JSON.stringify(inputs.map(({ name, shape }) => [name, shape]))
