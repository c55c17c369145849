import type { LoaderOptions, SharedImages } from '../types.ts'

/*
 * What a loader and the worker that prepares its batches tell each other. Arrays of a batch travel by being handed over: whoever has them may use
 * them, nobody copies them.
 */

/** First to the worker. */
export interface LoaderTask {
  readonly set: SharedImages
  readonly options: LoaderOptions
  /** One number: how many batches have been handed on, over all epochs. */
  readonly prepared: Int32Array<SharedArrayBuffer>
}

/** Then, per epoch, with a port of its own. */
export interface EpochRequest<Port> {
  readonly epoch: number
  readonly firstBatch: number
  /** Batches that may be prepared before one of their arrays comes back. */
  readonly ahead: number
  readonly port: Port
}

export interface BatchArrays {
  readonly images: Float32Array<ArrayBuffer>
  readonly targets: Float32Array<ArrayBuffer>
  readonly labels: Int32Array<ArrayBuffer>
}

/** From the worker through an epoch's port; the arrays go back the same way. */
export type Prepared =
  | (BatchArrays & { readonly kind: 'batch'; readonly count: number })
  | {
      readonly kind: 'error'
      readonly message: string
      /** Of a KerfError. */
      readonly code: string | undefined
      readonly details: Readonly<Record<string, unknown>> | undefined
    }

export const buffersOf = ({ images, targets, labels }: BatchArrays): ArrayBuffer[] => [
  images.buffer,
  targets.buffer,
  labels.buffer,
]
