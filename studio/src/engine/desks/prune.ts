import type { Profile } from 'kerf'
import { OneAtATime } from '../one-at-a-time.ts'
import type { OpenModel } from '../open-model.ts'
import type { Pictures } from '../picture-set.ts'
import type { Pruner } from '../prune.ts'
import type { CriterionChoice, PrunePreview, PruneWish, RecoveryState, Taken } from '../prune-types.ts'
import type { Changed } from '../steps.ts'
import type { PicturesDesk } from './pictures.ts'
import type { TimesDesk } from './times.ts'

/** Cuts of the open model, and the quality brought back. */
export class PruneDesk {
  readonly #open: OpenModel
  readonly #times: TimesDesk
  readonly #pictures: PicturesDesk
  readonly #previews = new OneAtATime()
  /** For one model at one size. */
  #pruner: { readonly of: Profile; readonly pruner: Pruner } | undefined

  constructor(open: OpenModel, times: TimesDesk, pictures: PicturesDesk) {
    this.#open = open
    this.#times = times
    this.#pictures = pictures
  }

  /** What channels can be ranked by. */
  async criteria(): Promise<CriterionChoice[]> {
    return (await import('../prune.ts')).criterionChoices()
  }

  /**
   * What a cut would make of the open model.
   * @returns undefined where another one was asked for meanwhile
   * @throws KerfError as `pruneModel`; Error for a budget in time without measured times, and for a criterion that looks at what was not given
   */
  preview(wish: PruneWish): Promise<PrunePreview | undefined> {
    return this.#previews.run(async (signal) => {
      const { table: times } = this.#times
      if (wish.amount.of === 'milliseconds' && !times)
        throw new Error(
          'Measure the layers of the network on this device first: a budget in time is a sum of their times.',
        )
      const pruner = await this.#prunerNow()
      const pictures = await this.#picturesFor(wish)
      return pruner.preview(wish, { times, pictures }, signal)
    })
  }

  /** Those that a criterion looks at; undefined for one that looks at none. @throws Error where they are missing */
  async #picturesFor({ criterion, loss }: PruneWish): Promise<Pictures | undefined> {
    const needs = (await this.criteria()).find(({ name }) => name === criterion)?.needs ?? 'weights'
    if (needs === 'weights') return undefined
    const pictures = await this.#pictures.now()
    const needsLabels = needs === 'labels' || (needs === 'loss' && loss === 'labels')
    if (!pictures) throw new Error(`${criterion} looks at pictures${needsLabels ? ' with labels' : ''}: give some.`)
    if (needsLabels && pictures.images.classes.length === 0)
      throw new Error(
        `${criterion} looks at labels, and the pictures have none: give a folder with a folder for each class${needs === 'loss' ? ', or take the loss of the network’s own outputs' : ''}.`,
      )
    return pictures
  }

  /**
   * The cut of the last preview takes the open model's place, once it is proven.
   * @throws KerfError as `prove`
   */
  async cut(title: string): Promise<Taken> {
    const { model: given } = this.#open
    const { result, proof } = await (await this.#prunerNow()).take()
    const time = await this.#times.timeCut(given, result.model)
    return { ...this.#open.add({ title, model: result.model, cut: result }), proof, time }
  }

  /**
   * Brings the open model, which was cut, nearer to what it was.
   * @throws KerfError as `recoverCut`; Error without pictures
   */
  async recover(progress: (state: RecoveryState) => void): Promise<Changed> {
    const { recoverPruned } = await import('../recover.ts')
    const { cut } = this.#open.step
    if (!cut) throw new Error('Only what was cut here can be recovered.')
    const pictures = await this.#pictures.now((done, total) => progress({ what: 'reading pictures', done, total }))
    if (!pictures) throw new Error('Recovery looks at pictures: give some.')
    const { model, steps } = await recoverPruned(cut, pictures, progress)
    return this.#open.add({ title: `Recovered on ${pictures.images.count} pictures`, model, recovery: steps })
  }

  async #prunerNow(): Promise<Pruner> {
    const { Pruner } = await import('../prune.ts')
    const { profile, model, step, inputShapes } = this.#open
    if (this.#pruner?.of !== profile) this.#pruner = { of: profile, pruner: new Pruner(model, step.name, inputShapes) }
    return this.#pruner.pruner
  }
}
