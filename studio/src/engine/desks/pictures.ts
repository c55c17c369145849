import type { Model } from 'kerf'
import type { PickedFile } from '../model-source.ts'
import type { OpenModel } from '../open-model.ts'
import type { PictureFiles } from '../picture-files.ts'
import type { DecodedPictures, Pictures } from '../picture-set.ts'

/** What is known of pictures that were given. */
export interface ToldPictures {
  /** How many there are. */
  readonly count: number
  /** Classes of their labels; empty without labels. */
  readonly classes: readonly string[]
  /** Files that are no pictures. */
  readonly others: number
  /** Files that a table of labels names, and that are not there. */
  readonly missing: number
}

/** How pictures are used. */
export interface PictureWish {
  /** So many at most, evenly from all. */
  readonly most: number
  /** Whether labels are looked at, where there are any. */
  readonly labels: boolean
}

/** Pictures for whatever looks at some: criteria, sensitivity, recovery. They are decoded when they are first needed, and again for networks of another size. */
export class PicturesDesk {
  readonly #open: OpenModel
  #given: PictureFiles | undefined
  /** Those that a training is tested with. */
  #test: PictureFiles | undefined
  #wish: PictureWish = { most: 256, labels: true }
  #decoded: { readonly of: PictureFiles; readonly key: string; readonly pictures: DecodedPictures } | undefined
  #taken: { readonly of: DecodedPictures; readonly by: Model; readonly pictures: Pictures } | undefined

  constructor(open: OpenModel) {
    this.#open = open
  }

  /**
   * Takes pictures in the place of those before.
   * @throws KerfError as `pictureFiles`
   */
  async give(files: readonly PickedFile[]): Promise<ToldPictures> {
    const { pictureFiles } = await import('../picture-files.ts')
    this.#decoded = undefined
    this.#given = await pictureFiles(files)
    return toldOf(this.#given)
  }

  /** Takes pictures that a training is tested with, likewise. */
  async giveTest(files: readonly PickedFile[]): Promise<ToldPictures> {
    const { pictureFiles } = await import('../picture-files.ts')
    this.#test = await pictureFiles(files)
    return toldOf(this.#test)
  }

  forgetTest(): void {
    this.#test = undefined
  }

  /**
   * All pictures to test with, as the open model takes them; undefined where none were given.
   * @throws as `now`
   */
  async test(progress?: (done: number, total: number) => void): Promise<Pictures | undefined> {
    const given = this.#test
    if (!given) return undefined
    const { decodePictures, picturesFor } = await import('../picture-set.ts')
    const { model } = this.#open
    return picturesFor(model, await decodePictures(given, await this.#size(), given.files.length, progress))
  }

  /** No pictures any more. */
  forget(): void {
    this.#given = undefined
    this.#decoded = undefined
    this.#taken = undefined
  }

  use(wish: PictureWish): void {
    this.#wish = wish
  }

  /**
   * As the open model takes them, at the size that it is counted for; undefined where none were given.
   * @throws KerfError as `picturesFor`; Error as `decodePictures`
   */
  async now(progress?: (done: number, total: number) => void): Promise<Pictures | undefined> {
    const decoded = await this.decoded(progress)
    if (!decoded) return undefined
    const { picturesFor } = await import('../picture-set.ts')
    const { model } = this.#open
    // The same for the same: whoever has looked at them knows what they say.
    if (this.#taken?.of !== decoded || this.#taken.by !== model)
      this.#taken = { of: decoded, by: model, pictures: picturesFor(model, decoded) }
    return this.#taken.pictures
  }

  /** Likewise, as plain data. */
  async decoded(progress?: (done: number, total: number) => void): Promise<DecodedPictures | undefined> {
    const given = this.#given
    if (!given) return undefined
    const { decodePictures } = await import('../picture-set.ts')
    const size = await this.#size()
    const { most, labels } = this.#wish
    const key = JSON.stringify([size, most, labels])
    if (this.#decoded?.of !== given || this.#decoded.key !== key) {
      const used = labels ? given : { ...given, classes: [], files: given.files.map((file) => ({ ...file, label: 0 })) }
      this.#decoded = { of: given, key, pictures: await decodePictures(used, size, most, progress) }
    }
    return this.#decoded.pictures
  }

  async #size(): Promise<{ width: number; height: number }> {
    const { pictureSize } = await import('../picture-set.ts')
    return pictureSize(this.#open.model, [...this.#open.inputShapes.values()][0])
  }
}

const toldOf = ({ files, classes, others, missing }: PictureFiles): ToldPictures => ({
  ...{ count: files.length, classes, others, missing },
})
