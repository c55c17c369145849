import { transfer } from 'comlink'
import type { Profile } from 'kerf'
import { shapeText } from 'kerf/report'
import type { MapWish } from '../maps.ts'
import type { OpenModel } from '../open-model.ts'
import type { Runner } from '../run.ts'
import type { LookedAt, RunResult, RunWish, ValueNames } from '../run-types.ts'

/** The open model, run by hand. */
export class RunDesk {
  readonly #open: OpenModel
  /** For one model at one size. */
  #runner: { readonly of: Profile; readonly runner: Runner } | undefined

  constructor(open: OpenModel) {
    this.#open = open
  }

  /** Values that can be looked at: inputs, and what nodes make. */
  values(): ValueNames {
    const { inputs, layers } = this.#open.profile
    const made = layers.flatMap((layer, row) => layer.outputs.map((value) => ({ ...value, row })))
    const all = [...inputs.map((value) => ({ ...value, row: -1 })), ...made].filter(({ name }) => name !== '')
    return {
      names: all.map((v) => v.name),
      shapes: all.map((v) => shapeText(v.shape)),
      rows: Int32Array.from(all, (v) => v.row),
    }
  }

  /**
   * Runs the network once.
   * @throws KerfError as `Runner.run`
   */
  async once(wish: RunWish): Promise<RunResult> {
    return (await this.#runnerNow()).run(wish)
  }

  /**
   * A value of the last run as a picture.
   * @returns undefined where nothing was run, or the value is too large to be drawn
   * @throws KerfError as `Runner.look`
   */
  async look(name: string, wish: MapWish): Promise<LookedAt | undefined> {
    if (this.#runner?.of !== this.#open.profile) return undefined
    const found = await this.#runner.runner.look(name, wish)
    return found && transfer(found, [found.pixels.data.buffer])
  }

  async #runnerNow(): Promise<Runner> {
    const { model, profile, inputShapes } = this.#open
    if (this.#runner?.of === profile) return this.#runner.runner
    const { Runner } = await import('../run.ts')
    await this.#runner?.runner.close()
    const runner = new Runner(model, inputShapes)
    this.#runner = { of: profile, runner }
    return runner
  }
}
