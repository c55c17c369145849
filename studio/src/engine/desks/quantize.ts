import { OneAtATime } from '../one-at-a-time.ts'
import type { OpenModel } from '../open-model.ts'
import type { Quantisable, QuantizeWish } from '../quantize-types.ts'
import type { Changed } from '../steps.ts'
import type { WorkState } from '../swap-types.ts'
import type { PicturesDesk } from './pictures.ts'

/** Numbers of the open model in fewer bits. */
export class QuantizeDesk {
  readonly #open: OpenModel
  readonly #pictures: PicturesDesk
  readonly #work = new OneAtATime()

  constructor(open: OpenModel, pictures: PicturesDesk) {
    this.#open = open
    this.#pictures = pictures
  }

  /**
   * What can be quantised.
   * @param pictures how many there are
   */
  async layers(wish: QuantizeWish, pictures: number): Promise<Quantisable> {
    const { quantisable } = await import('../quantize.ts')
    const { model, commandName } = this.#open
    return quantisable(model, commandName, wish, pictures)
  }

  /**
   * The network in codes takes the open model's place.
   * @returns undefined where it was stopped
   * @throws KerfError as `quantised`; Error without pictures
   */
  apply(wish: QuantizeWish, progress: (state: WorkState) => void): Promise<Changed | undefined> {
    return this.#work.run(async (signal) => {
      const { quantised } = await import('../quantize.ts')
      const pictures = await this.#pictures.now((done, total) => progress({ what: 'reading pictures', done, total }))
      if (!pictures) throw new Error('Ranges follow from pictures: give some.')
      signal.throwIfAborted()
      const { model, outcome } = await quantised(this.#open.model, wish, pictures, progress, signal)
      signal.throwIfAborted()
      const { command } = await this.layers(wish, outcome.pictures)
      return this.#open.add({
        title: `${wish.to === 'int8' ? 'Layers' : 'Adder layers'} in ${wish.bits} bits`,
        model,
        quantized: outcome,
        command,
      })
    })
  }

  stop(): void {
    this.#work.stop()
  }
}
