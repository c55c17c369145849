import type { Task } from '../../base/index.ts'
import type { Transform } from '../types.ts'
import type { ImageLabels } from './layout.ts'

/** Progress is told after every image of folders and tars: how many of about how many. */
export interface OpenOptions extends Task {
  /** Draws generated images, those for validation, and those for testing where there is a `testFraction`. 0 by default. */
  readonly seed?: number
  /**
   * This fraction of the training images, drawn by the seed from every class alike, is for validation, unless the data bring images for that.
   * None by default.
   */
  readonly validation?: number
  /** Images that cannot be decoded, and other files among them: left out and listed in `skipped` (default), or an error. */
  readonly onBadImage?: 'skip' | 'error'
  /**
   * What the images go through later. Where a resize comes first, images of folders and tars are resized as they are read, as Pillow
   * does it with bytes, so that they may differ in size and take no more memory than needed; otherwise all must have one size.
   */
  readonly transforms?: readonly Transform[]
  /** Whether images of folders and tars need labels; a set without has no classes. `required` by default. */
  readonly labels?: ImageLabels
  /** Bytes that the pixels of one set may take; by default, and at most, what Kerf may take at all (`memoryLimit`). */
  readonly memoryLimit?: number
}

/** For reading one part of the data without the others. */
export interface PartOptions extends OpenOptions {
  /** Names that somebody knows; where all classes of the part are among them, training images are not looked at. */
  readonly classes?: readonly string[]
  /** 3: grey images are read as colours. Default: as the images are. */
  readonly channels?: 1 | 3
}
