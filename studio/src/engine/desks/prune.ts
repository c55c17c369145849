import type { Profile } from 'kerf'
import type { OpenModel } from '../open-model.ts'
import type { Pruner } from '../prune.ts'
import type { CriterionChoice, PrunePreview, PruneWish, RecoveryState, Taken } from '../prune-types.ts'
import type { Changed } from '../steps.ts'
import type { TimesDesk } from './times.ts'

/** Cuts of the open model, and the quality brought back. */
export class PruneDesk {
  readonly #open: OpenModel
  readonly #times: TimesDesk
  /** For one model at one size. */
  #pruner: { readonly of: Profile; readonly pruner: Pruner } | undefined

  constructor(open: OpenModel, times: TimesDesk) {
    this.#open = open
    this.#times = times
  }

  /** What channels can be ranked by without images. */
  async criteria(): Promise<CriterionChoice[]> {
    return (await import('../prune.ts')).weightCriteria()
  }

  /**
   * What a cut would make of the open model.
   * @throws KerfError as `pruneModel`; Error for a budget in time without measured times
   */
  async preview(wish: PruneWish): Promise<PrunePreview> {
    const { table } = this.#times
    if (wish.amount.of === 'milliseconds' && !table)
      throw new Error(
        'Measure the layers of the network on this device first: a budget in time is a sum of their times.',
      )
    return (await this.#prunerNow()).preview(wish, table)
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
   * @throws KerfError as `recoverCut`; Error where there are no pictures
   */
  async recover(files: readonly Blob[], progress: (state: RecoveryState) => void): Promise<Changed> {
    const { recoverPruned } = await import('../recover.ts')
    const { cut } = this.#open.step
    if (!cut) throw new Error('Only what was cut here can be recovered.')
    const [shape] = this.#open.inputShapes.values()
    const { model, steps } = await recoverPruned(cut, shape, files, progress)
    return this.#open.add({ title: `Recovered on ${files.length} pictures`, model, recovery: steps })
  }

  async #prunerNow(): Promise<Pruner> {
    const { Pruner } = await import('../prune.ts')
    const { profile, model, step, inputShapes } = this.#open
    if (this.#pruner?.of !== profile) this.#pruner = { of: profile, pruner: new Pruner(model, step.name, inputShapes) }
    return this.#pruner.pruner
  }
}
