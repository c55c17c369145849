import type { Profile } from 'kerf'
import type { Free } from '../first-amount.ts'
import { OneAtATime } from '../one-at-a-time.ts'
import type { OpenModel } from '../open-model.ts'
import type { Changed } from '../steps.ts'
import type { Swapper } from '../swap.ts'
import type { SwapKind, SwapPreview, SwapWish, SwapWork, WorkState } from '../swap-types.ts'
import type { PicturesDesk } from './pictures.ts'

/** Layers of the open model exchanged for cheaper ones. */
export class SwapDesk {
  readonly #open: OpenModel
  readonly #pictures: PicturesDesk
  readonly #work = new OneAtATime()
  /** For one model at one size. */
  #swapper: { readonly of: Profile; readonly swapper: Swapper } | undefined

  constructor(open: OpenModel, pictures: PicturesDesk) {
    this.#open = open
    this.#pictures = pictures
  }

  /** What layers can become. */
  async kinds(): Promise<SwapKind[]> {
    return (await import('../swap.ts')).swapKinds()
  }

  /**
   * What a swap would make of the open model.
   * @param free what may be chosen otherwise where the wish cannot be fulfilled
   * @returns undefined where another one was asked for meanwhile
   */
  preview(wish: SwapWish, free: Free): Promise<SwapPreview | undefined> {
    return this.#work.run(async (signal) => (await this.#swapperNow()).preview(wish, free, signal))
  }

  /**
   * The network with other layers takes the open model's place.
   * @returns undefined where it was stopped
   * @throws KerfError as `Swapper.swap`
   */
  apply(
    title: string,
    wish: SwapWish,
    work: SwapWork,
    progress: (state: WorkState) => void,
  ): Promise<Changed | undefined> {
    return this.#work.run(async (signal) => {
      const pictures = work.pictures
        ? await this.#pictures.now((done, total) => progress({ what: 'reading pictures', done, total }))
        : undefined
      signal.throwIfAborted()
      const how = { pictures, timed: work.timed }
      const { model, outcome, command } = await (await this.#swapperNow()).swap(wish, how, progress, signal)
      signal.throwIfAborted()
      return this.#open.add({ title, model, swap: outcome, command })
    })
  }

  stop(): void {
    this.#work.stop()
  }

  async #swapperNow(): Promise<Swapper> {
    const { Swapper } = await import('../swap.ts')
    const { profile, model, commandName, inputShapes } = this.#open
    if (this.#swapper?.of !== profile)
      this.#swapper = { of: profile, swapper: new Swapper(model, commandName, inputShapes) }
    return this.#swapper.swapper
  }
}
