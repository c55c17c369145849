import { type Model, readModel } from 'kerf'
import { type Counted, countAtFirst, countModel } from './count.ts'
import type { Network, RecountOptions } from './types.ts'

/**
 * What the page asks of the library. It lives in a worker, so that the page never waits: the model stays here, and the page gets what it shows.
 * Errors cross as KerfError's message.
 */
export class Engine {
  #model: Model | undefined
  #counted: Counted | undefined

  /**
   * Reads a model in place of the one before.
   * @param source its file
   * @throws KerfError as `readModel`, and as `profileModel`; the model before stays
   */
  async open(source: File): Promise<Network> {
    const model = await readModel(source)
    this.#counted = countAtFirst(model, source.name)
    this.#model = model
    return { ...this.#counted.network, bytes: source.size }
  }

  /**
   * The same model, counted otherwise.
   * @throws KerfError where input shapes do not fit
   */
  recount(options: RecountOptions): Network {
    if (!this.#model) throw new Error('No model is open.')
    this.#counted = countModel(this.#model, this.#counted!.network.name, options)
    return this.#counted.network
  }
}
