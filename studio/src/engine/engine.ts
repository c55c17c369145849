import { transfer } from 'comlink'
import type { Model, Profile } from 'kerf'
import { shapeText } from 'kerf/report'
import { type Counted, countAtFirst, countModel } from './count.ts'
import type { MapWish } from './maps.ts'
import type { ModelSource } from './model-source.ts'
import { readFrom } from './read-model.ts'
import type { Runner } from './run.ts'
import type { LookedAt, RunResult, RunWish, ValueNames } from './run-types.ts'
import type { Network, OpenedFile, RecountOptions } from './types.ts'

/**
 * What the page asks of the library. It lives in a worker, so that the page never waits: the model stays here, and the page gets what it shows.
 * Each model has an engine of its own. Errors cross as KerfError's message.
 */
export class Engine {
  #model: Model | undefined
  #counted: Counted | undefined
  #file: OpenedFile = {}
  #runner: Runner | undefined
  /** Shapes that it is for. */
  #runnerKey = ''

  /**
   * Reads a model and counts it.
   * @throws KerfError as `readModel`, and as `profileModel`
   */
  async open(source: ModelSource): Promise<Network> {
    const { model, name, ...file } = await readFrom(source)
    this.#file = file
    this.#model = model
    return this.#shown(countAtFirst(model, name))
  }

  /**
   * The same model, counted otherwise.
   * @throws KerfError where input shapes do not fit
   */
  recount(options: RecountOptions): Network {
    if (!this.#model) throw new Error('No model is open.')
    return this.#shown(countModel(this.#model, this.#counted!.network.name, options))
  }

  #shown(counted: Counted): Network {
    this.#counted = counted
    return { ...counted.network, ...this.#file }
  }

  /** Values that can be looked at: inputs, and what nodes make. */
  values(): ValueNames {
    const { inputs, layers } = this.#counted!.profile!
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
  async run(wish: RunWish): Promise<RunResult> {
    return (await this.#runnerFor(this.#counted!.profile!.inputs)).run(wish)
  }

  /**
   * A value of the last run as a picture.
   * @returns undefined where nothing was run, or the value is too large to be drawn
   * @throws KerfError as `Runner.look`
   */
  async look(name: string, wish: MapWish): Promise<LookedAt | undefined> {
    const found = await this.#runner?.look(name, wish)
    return found && transfer(found, [found.pixels.data.buffer])
  }

  /** Shapes that were counted otherwise need another one. */
  async #runnerFor(inputs: Profile['inputs']): Promise<Runner> {
    const shapes = new Map(inputs.map(({ name, shape }) => [name, shape as readonly number[]]))
    const key = JSON.stringify([...shapes])
    if (this.#runner && this.#runnerKey === key) return this.#runner
    const { Runner } = await import('./run.ts')
    await this.#runner?.close()
    this.#runner = new Runner(this.#model!, shapes)
    this.#runnerKey = key
    return this.#runner
  }
}
