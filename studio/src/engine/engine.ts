import { type Model, type Profile, profileModel, readModel } from 'kerf'
import { layerTable } from './layer-table.ts'
import type { Network, RecountOptions } from './types.ts'

/**
 * What the page asks of the library. It lives in a worker, so that the page never waits: the model stays here, and the page gets what it shows.
 * Errors cross as KerfError's message.
 */
export class Engine {
  #model: Model | undefined
  #profile: Profile | undefined

  /**
   * Reads a model in place of the one before.
   * @param source its file
   * @throws KerfError as `readModel`, and as `profileModel`; the model before stays
   */
  async open(source: File): Promise<Network> {
    const model = await readModel(source)
    const network = this.#count(model, source.name)
    this.#model = model
    return { ...network, bytes: source.size }
  }

  /**
   * The same model, counted otherwise.
   * @throws KerfError where input shapes do not fit
   */
  recount(options: RecountOptions): Network {
    if (!this.#model) throw new Error('No model is open.')
    return this.#count(this.#model, this.#profile!.model, options)
  }

  #count(model: Model, name: string, { inputs, fused }: RecountOptions = {}): Network {
    const profile = profileModel(model, { name, inputs: inputs && new Map(Object.entries(inputs)), fused })
    this.#profile = profile
    return {
      name,
      inputs: profile.inputs.map(({ name, shape }) => ({ name, shape })),
      totals: profile.totals,
      layers: layerTable(profile.layers),
      unsupported: profile.unsupported,
    }
  }
}
