import { modelBytes } from 'kerf'
import { hashOf } from '../../kept-files.ts'
import { usualThreads } from '../../threads.ts'
import { OneAtATime } from '../one-at-a-time.ts'
import type { OpenModel } from '../open-model.ts'
import type { Changed } from '../steps.ts'
import type { TrainingGiven } from '../train/train.ts'
import type { EpochPoint, FormSchema, Stopped, TrainPoint, TrainWish } from '../train/types.ts'
import type { PicturesDesk } from './pictures.ts'

/** The open model, trained on the pictures of the page. */
export class TrainDesk {
  readonly #open: OpenModel
  readonly #pictures: PicturesDesk
  readonly #work = new OneAtATime()

  constructor(open: OpenModel, pictures: PicturesDesk) {
    this.#open = open
    this.#pictures = pictures
  }

  /** What a recipe lets be said, without what the page knows. */
  async schema(): Promise<FormSchema> {
    return (await import('../train/train.ts')).trainSchema()
  }

  /** A training of this model on these pictures that was stopped. */
  async stopped(): Promise<Stopped | undefined> {
    const given = await this.#given()
    if (!given) return undefined
    const { keptTraining } = await import('../train/checkpoints.ts')
    const kept = await keptTraining(given.key)
    if (!kept) return undefined
    const epochs = Number(kept.wish.recipe.epochs)
    return { epoch: kept.epochs.at(-1)?.epoch ?? 0, epochs, wish: kept.wish }
  }

  /**
   * The trained network takes the open model's place.
   * @param goesOn whether it goes on where it was stopped
   * @returns undefined where it was stopped
   * @throws KerfError as `trained`; Error without pictures
   */
  apply(
    wish: TrainWish,
    goesOn: boolean,
    step: (point: TrainPoint) => void,
    epoch: (point: EpochPoint) => void,
  ): Promise<Changed | undefined> {
    return this.#work.run(async (signal) => {
      const given = await this.#given()
      if (!given) throw new Error('Training looks at pictures with labels: give some.')
      const [{ trained }, { beginTraining, forgetTraining, keptTraining }] = await Promise.all([
        import('../train/train.ts'),
        import('../train/checkpoints.ts'),
      ])
      const test = await this.#pictures.test()
      signal.throwIfAborted()
      const from = goesOn ? await keptTraining(given.key) : undefined
      if (!from) await beginTraining(given.key)
      const result = await trained(
        { ...given, test },
        from?.wish ?? wish,
        from,
        { step, epoch },
        signal,
        usualThreads(),
      )
      if (!result) return undefined
      signal.throwIfAborted()
      await forgetTraining(given.key)
      const { model, outcome } = result
      const count = outcome.epochs.length
      const title = `Trained for ${count} ${count === 1 ? 'epoch' : 'epochs'}`
      return this.#open.add({ title, model, trained: outcome, command: 'kerf train recipe.json' })
    })
  }

  stop(): void {
    this.#work.stop()
  }

  async #given(): Promise<TrainingGiven | undefined> {
    const pictures = await this.#pictures.now()
    if (!pictures) return undefined
    const { model, step, steps } = this.#open
    const { classes, width, height, labels, pixels } = pictures.decoded
    const given = JSON.stringify([classes, width, height, [...labels]])
    const key = await hashOf(given, ...(pixels as Uint8Array<ArrayBuffer>[]), modelBytes(model).slice())
    return { model, name: step.name, net: this.#open.net, first: steps[0]!.model, pictures, key }
  }
}
