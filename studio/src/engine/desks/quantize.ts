import { OneAtATime } from '../one-at-a-time.ts'
import type { OpenModel } from '../open-model.ts'
import type { Quantisable, QuantizeWish } from '../quantize-types.ts'
import type { Changed } from '../steps.ts'
import type { WorkState } from '../swap-types.ts'

/** Numbers of the open model in fewer bits. */
export class QuantizeDesk {
  readonly #open: OpenModel
  readonly #work = new OneAtATime()

  constructor(open: OpenModel) {
    this.#open = open
  }

  /**
   * What can be quantised.
   * @param pictures how many there are
   */
  async layers(wish: QuantizeWish, pictures: number): Promise<Quantisable> {
    const { quantisable } = await import('../quantize.ts')
    const { model, name } = this.#open.step
    return quantisable(model, name, wish, pictures)
  }

  /**
   * The network in codes takes the open model's place.
   * @returns undefined where it was stopped
   * @throws KerfError as `quantised`
   */
  apply(
    wish: QuantizeWish,
    files: readonly Blob[],
    progress: (state: WorkState) => void,
  ): Promise<Changed | undefined> {
    return this.#work.run(async (signal) => {
      const { quantised } = await import('../quantize.ts')
      const [shape] = this.#open.inputShapes.values()
      const { model, outcome } = await quantised(this.#open.model, shape, wish, files, progress, signal)
      signal.throwIfAborted()
      const { command } = await this.layers(wish, files.length)
      return this.#open.add({ title: `Adder layers in ${wish.bits} bits`, model, quantized: outcome, command })
    })
  }

  stop(): void {
    this.#work.stop()
  }
}
