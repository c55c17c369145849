/**
 * Labelled images, all of one size. Pixels are kept as bytes, decoded once; reading one turns it into floats.
 */
export interface ImageSet {
  /** Names of the classes, in the order of their numbers; none where images have no labels. */
  readonly classes: readonly string[]
  /** Of every image. */
  readonly channels: number
  /** Of every image, in pixels. */
  readonly height: number
  /** Of every image, in pixels. */
  readonly width: number
  /** Number of images. */
  readonly count: number
  /** One per image, from 0 to `classes.length - 1`; 0 where there are no classes. */
  readonly labels: Int32Array
  /**
   * Writes an image into `into`: channels · height · width floats, [C, H, W], pixels in 0..1.
   * @param index from 0 to `count - 1`
   * @param into as long as an image has values
   * @returns nothing, or a promise where the image must be waited for; `into` must not be touched until then
   */
  read(index: number, into: Float32Array): void | Promise<void>
  /** Images that could not be decoded, links that lead out of the folder, and what is no file: left out. */
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
  /** As of the set. */
  readonly classes: readonly string[]
  /** Of every image. */
  readonly shape: readonly [channels: number, height: number, width: number]
  /** Of all images in `pixels`. */
  readonly labels: Int32Array
  /** [image, C, H, W] */
  readonly pixels: Uint8Array<SharedArrayBuffer>
  /** Which images the set has, in order; all by default. */
  readonly chosen?: Int32Array
}

/** An image that could not be used. */
export interface SkippedImage {
  /** Its path within the folder or archive. */
  readonly name: string
  /** What the decoder says. */
  readonly reason: string
}

/** Images of the same classes, channels and size. */
export interface DataSets {
  /** To train on. */
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
  /** Images of a batch. */
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

/** How a set is cut into batches, and what happens to its images. */
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
      /** In pixels: a side, or height and width. */
      readonly size: number | readonly [height: number, width: number]
      /** `fill` (default) squeezes; `cover` keeps the aspect ratio and takes the middle; `contain` shows all, with a border. */
      readonly fit?: 'fill' | 'cover' | 'contain'
      /** Of `contain`: what is around the image, 0 (default) to 255. */
      readonly border?: number
    }
  /** The middle of this size, in pixels; zeros around an image that is smaller. */
  | {
      readonly kind: 'centreCrop'
      /** In pixels: a side, or height and width. */
      readonly size: number | readonly [height: number, width: number]
    }
  /** Pads with zeros on every side (pixels), then cuts the size that was there at a random place. */
  | {
      readonly kind: 'crop'
      /** In pixels. */
      readonly padding: number
    }
  /** Exchanges left and right. */
  | {
      readonly kind: 'flip'
      /** From 0 to 1. */
      readonly probability: number
    }
  /**
   * rgb: three channels, of grey images all the same. bgr: likewise, red and blue exchanged, for networks that take images so. grey: one channel, the luma
   * (ITU-R 601-2), for those that take no colours.
   */
  | {
      readonly kind: 'channels'
      /** What the network takes. */
      readonly order: 'rgb' | 'bgr' | 'grey'
    }
  /** (x − mean) / deviation, one of each per channel, or one for all. */
  | {
      readonly kind: 'normalise'
      /** Of pixels from 0 to 1. */
      readonly mean: readonly number[]
      /** Likewise; none is 0. */
      readonly deviation: readonly number[]
    }
  /** A square of zeros, its centre anywhere in the image; `size` is its side in pixels. */
  | {
      readonly kind: 'cutout'
      /** In pixels. */
      readonly size: number
    }
  /** λ · image + (1 − λ) · another one of the batch, targets likewise; one λ per batch, from Beta(alpha, alpha). */
  | {
      readonly kind: 'mixup'
      /** Above 0; the larger, the more often both images are seen. */
      readonly alpha: number
    }

/** Where images and labels come from, as a recipe says it; paths are files or folders. */
export type DataSource =
  | {
      /** Sets of 28×28 images in ten classes, in the same four files. */
      readonly kind: 'mnist' | 'fashion-mnist'
      /** A folder with the four IDX files, gzipped or not. */
      readonly path: string
    }
  | {
      readonly kind: 'cifar10'
      /** A folder with the binary batches. */
      readonly path: string
    }
  | {
      readonly kind: 'idx'
      /** An IDX file of [count, height, width], gzipped or not; likewise the others. */
      readonly trainImages: string
      /** [count] */
      readonly trainLabels: string
      /** [count, height, width] */
      readonly testImages: string
      /** [count] */
      readonly testLabels: string
    }
  | {
      /** `images`: folders with a folder of images per class; `tar`: tars of such, gzipped or not. */
      readonly kind: 'images' | 'tar'
      /** Training images. */
      readonly train: string
      /** Images to choose the best network by. */
      readonly validation?: string
      /** Images to measure the network with, once, at the end. */
      readonly test?: string
      /** Without `test`: this part of the training images, drawn by the seed from every class alike, is for testing. */
      readonly testFraction?: number
    }
  | NpySource
  | GeneratedSource

/** Images as NumPy's arrays, with labels or without. */
export interface NpySource {
  readonly kind: 'npy'
  /**
   * A .npy file of [N, C, H, W], [N, H, W, C] or [N, H, W]: bytes from 0 to 255, or floats from 0 to 1. Floats that the network takes as they are, too, where no
   * transform normalises them.
   */
  readonly train: string
  /** [N], whole numbers from 0. Left out: the images have no labels. */
  readonly trainLabels?: string
  /** Images to choose the best network by, likewise. */
  readonly validation?: string
  /** [N] */
  readonly validationLabels?: string
  /** Images to measure the network with, once, at the end. */
  readonly test?: string
  /** [N] */
  readonly testLabels?: string
  /** Without `test`: this part of the training images, drawn by the seed from every class alike, is for testing. */
  readonly testFraction?: number
  /** Where the channels are. Default: last where that axis is 1 or 3 long and the second one is not; else behind the images. */
  readonly layout?: 'NCHW' | 'NHWC'
}

/** Small pictures drawn by the seed, to try things out. */
export interface GeneratedSource {
  readonly kind: 'generated'
  /** How many there are. */
  readonly classes: number
  /** For training. */
  readonly trainImages: number
  /** For testing. */
  readonly testImages: number
  /** 1 grey, 3 colours. */
  readonly channels: 1 | 3
  /** Height and width in pixels. */
  readonly size: number
}
