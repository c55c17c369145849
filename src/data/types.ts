/**
 * Labelled images, all of one size. Pixels are kept as bytes, decoded once; reading one turns it into floats.
 */
export interface ImageSet {
  /** Names of the classes, in the order of their numbers. */
  readonly classes: readonly string[]
  /** Of every image. */
  readonly channels: number
  readonly height: number
  readonly width: number
  /** Number of images. */
  readonly count: number
  /** One per image, from 0 to `classes.length - 1`. */
  readonly labels: Int32Array
  /**
   * Writes an image into `into`: channels · height · width floats, [C, H, W], pixels in 0..1.
   * @param index from 0 to `count - 1`
   * @returns nothing, or a promise where the image must be waited for; `into` must not be touched until then
   */
  read(index: number, into: Float32Array): void | Promise<void>
  /** Images that could not be decoded and were left out. */
  readonly skipped: readonly SkippedImage[]
  /** Memory that the pixels take; undefined where they are not kept in memory. */
  readonly bytes?: number
  /**
   * Moves the pixels into shared memory, where other threads read them; this set goes on with them from there. Undefined where pixels are not
   * bytes in memory.
   */
  share?(): SharedImages
}

/** A set of images that can be had in several threads at once. */
export interface SharedImages {
  readonly classes: readonly string[]
  readonly shape: readonly [channels: number, height: number, width: number]
  /** Of all images in `pixels`. */
  readonly labels: Int32Array
  /** [image, C, H, W] */
  readonly pixels: Uint8Array<SharedArrayBuffer>
  /** Which images the set has, in order; all by default. */
  readonly chosen?: Int32Array
}

export interface SkippedImage {
  readonly name: string
  readonly reason: string
}

/** Images of the same classes, channels and size. */
export interface DataSets {
  readonly train: ImageSet
  /** To choose by while training; undefined where the data bring none and none was asked for. */
  readonly validation?: ImageSet
  /** To look at once, at the end. */
  readonly test: ImageSet
}

/** What a network is given at a time. Its arrays are used again: they are valid until the next batch is asked for. */
export interface Batch {
  /** [size, C, H, W], after the transforms. */
  readonly images: Float32Array
  /** [size, classes]; rows sum to 1: one 1 each, or two numbers where mixup has mixed two classes. */
  readonly targets: Float32Array
  /** [size], before mixing. */
  readonly labels: Int32Array
  /** How many are images; fewer than the size of the batch only in the last one of an evaluation, where the rest is zeros. */
  readonly count: number
}

/** Batches of a set, transformed. A batch depends on the seed, the epoch and its number only. */
export interface Loader {
  /** How many there are. */
  readonly classes: number
  /** [C, H, W] of an image after the transforms. */
  readonly shape: readonly [channels: number, height: number, width: number]
  readonly batchSize: number
  /** Per epoch. Training leaves out the last ones that do not fill a batch; evaluation fills their batch with zeros. */
  readonly batches: number
  /** Of an epoch, without what fills the last batch. */
  readonly images: number
  /**
   * The batches of an epoch, in order. While one is used, the next is prepared; a batch is valid until the next one is asked for, or
   * the loop ends.
   * @param epoch counted from 0; shuffling and random transforms are its own
   * @param firstBatch where to start, to go on where a run was stopped; 0 by default. What follows is the same bits as without the stop.
   */
  epoch(epoch: number, firstBatch?: number): AsyncIterable<Batch>
}

export interface LoaderOptions {
  /** Images per batch. */
  readonly batchSize: number
  /** Applied in order; by default none. */
  readonly transforms?: readonly Transform[]
  /** 0 by default. */
  readonly seed?: number
  /** True: shuffled, random transforms. False: in order, and nothing random. */
  readonly training: boolean
}

/**
 * What happens to images on their way to the network, as a recipe says it. Resize, centreCrop, channels and normalise always apply; crop, flip,
 * cutout and mixup in training only.
 */
export type Transform =
  /** To a side, or [height, width], in pixels: bilinear, with the triangle widened when shrinking, as Pillow does. */
  | {
      readonly kind: 'resize'
      readonly size: number | readonly [height: number, width: number]
      /** `fill` (default) squeezes; `cover` keeps the aspect ratio and takes the middle; `contain` shows all, with a border. */
      readonly fit?: 'fill' | 'cover' | 'contain'
      /** Of `contain`: what is around the image, 0 (default) to 255. */
      readonly border?: number
    }
  /** The middle of this size, in pixels; zeros around an image that is smaller. */
  | { readonly kind: 'centreCrop'; readonly size: number | readonly [height: number, width: number] }
  /** Pads with zeros on every side (pixels), then cuts the size that was there at a random place. */
  | { readonly kind: 'crop'; readonly padding: number }
  /** Exchanges left and right. */
  | { readonly kind: 'flip'; readonly probability: number }
  /**
   * rgb: three channels, of grey images all the same. bgr: likewise, red and blue exchanged, for networks that take images so. grey: one channel, the luma
   * (ITU-R 601-2), for those that take no colours.
   */
  | { readonly kind: 'channels'; readonly order: 'rgb' | 'bgr' | 'grey' }
  /** (x − mean) / deviation, one of each per channel, or one for all. */
  | { readonly kind: 'normalise'; readonly mean: readonly number[]; readonly deviation: readonly number[] }
  /** A square of zeros, its centre anywhere in the image; `size` is its side in pixels. */
  | { readonly kind: 'cutout'; readonly size: number }
  /** λ · image + (1 − λ) · another one of the batch, targets likewise; one λ per batch, from Beta(alpha, alpha). */
  | { readonly kind: 'mixup'; readonly alpha: number }

/** Where images and labels come from, as a recipe says it; paths are files or folders. */
export type DataSource =
  /** A folder with the four IDX files, gzipped or not. */
  | { readonly kind: 'mnist'; readonly path: string }
  /** A folder with the binary batches. */
  | { readonly kind: 'cifar10'; readonly path: string }
  /** IDX files, gzipped or not. */
  | {
      readonly kind: 'idx'
      readonly trainImages: string
      readonly trainLabels: string
      readonly testImages: string
      readonly testLabels: string
    }
  /** `images`: folders with a folder of images per class; `tar`: tars of such, gzipped or not. */
  | {
      readonly kind: 'images' | 'tar'
      readonly train: string
      readonly validation?: string
      readonly test?: string
      /** Without `test`: this part of the training images, drawn by the seed from every class alike, is for testing. */
      readonly testFraction?: number
    }
  | GeneratedSource

/** Small pictures drawn by the seed, to try things out. */
export interface GeneratedSource {
  readonly kind: 'generated'
  readonly classes: number
  readonly trainImages: number
  readonly testImages: number
  readonly channels: 1 | 3
  /** Height and width in pixels. */
  readonly size: number
}
