import type { Model } from 'kerf'
import { type Counted, countAtFirst, countModel } from './count.ts'
import type { ModelSource } from './model-source.ts'
import { readFrom } from './read-model.ts'
import type { Network, OpenedFile, RecountOptions } from './types.ts'

/**
 * What the page asks of the library. It lives in a worker, so that the page never waits: the model stays here, and the page gets what it shows.
 * Each model has an engine of its own. Errors cross as KerfError's message.
 */
export class Engine {
  #model: Model | undefined
  #counted: Counted | undefined
  #file: OpenedFile = {}

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
}
