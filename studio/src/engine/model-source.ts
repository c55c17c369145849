/** A file that was picked or dropped. */
export interface PickedFile {
  /** With the folders that it was dropped with, `/` between them; else its name. */
  readonly path: string
  readonly file: File
}

/** A file of the model that `kerf studio` was given. */
export interface ServedFile {
  /** The model's own name; of external data its path in the model's folder. */
  readonly name: string
  /** In bytes. */
  readonly size: number
  readonly url: string
  /** The state of the file: another one, where it has changed since. */
  readonly tag: string
}

/** Where a model is read from; the first file is the model, the others may hold its external data. */
export type ModelSource =
  | {
      readonly from: 'files'
      readonly files: readonly [PickedFile, ...PickedFile[]]
      /** Which of the files of before they are. */
      readonly recent?: string
    }
  | { readonly from: 'server'; readonly files: readonly [ServedFile, ...ServedFile[]] }
  /** The trained network for digits that comes with Kerf. */
  | { readonly from: 'example'; readonly example: 'digits' }
  /** A structure that Kerf builds, by its name; weights are drawn. */
  | { readonly from: 'net'; readonly net: string }
