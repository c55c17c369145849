import type { Model } from 'kerf'
import { OneAtATime } from '../one-at-a-time.ts'
import type { OpenModel } from '../open-model.ts'
import type { ChannelKind, RecoveryState } from '../prune-types.ts'
import type { SensitivityTold } from '../sensitivity.ts'
import type { PicturesDesk } from './pictures.ts'

/** What each group of the open model's channels bears. */
export class SensitivityDesk {
  readonly #open: OpenModel
  readonly #pictures: PicturesDesk
  readonly #work = new OneAtATime()
  readonly #curves = new WeakMap<Model, SensitivityTold[]>()

  constructor(open: OpenModel, pictures: PicturesDesk) {
    this.#open = open
    this.#pictures = pictures
  }

  /**
   * Measures quality against the channels that stay, one group at a time.
   * @param told is given every curve as soon as it is measured
   * @returns true; undefined where it was stopped
   * @throws KerfError as `sensitivity`; Error without pictures
   */
  measure(
    kinds: readonly ChannelKind[],
    told: (curve: SensitivityTold) => void,
    progress: (state: RecoveryState) => void,
  ): Promise<boolean | undefined> {
    return this.#work.run(async (signal) => {
      const { measureCurves } = await import('../sensitivity.ts')
      const pictures = await this.#pictures.now((done, total) => {
        signal.throwIfAborted()
        progress({ what: 'reading pictures', done, total })
      })
      if (!pictures) throw new Error('What each layer bears is measured on pictures: give some.')
      const { model, inputShapes } = this.#open
      const curves: SensitivityTold[] = []
      this.#curves.set(model, curves)
      const kept = (curve: SensitivityTold) => {
        curves.push(curve)
        told(curve)
      }
      await measureCurves(model, inputShapes, pictures, kinds, kept, {
        signal,
        progress: ({ what, done, total }) => progress({ what, done, total }),
      })
      return true
    })
  }

  /** Those that were measured last of a network. */
  curvesOf(model: Model): readonly SensitivityTold[] {
    return this.#curves.get(model) ?? []
  }

  stop(): void {
    this.#work.stop()
  }
}
