import { KerfError } from '../../base/index.ts'
import type { ImageSet } from '../types.ts'
import { oneBlock, pixelSet, toPlanes } from './pixels.ts'

/** Images in memory, with labels or without. */
export interface ArrayImages {
  /**
   * All images, one after the other: bytes (0..255), or floats (0..1). Bytes are read as they are when an image is asked for; do not change
   * them as long as the set is used.
   */
  readonly images: Uint8Array | Uint8ClampedArray | Float32Array
  /** One per image. Left out: the images have none, and no classes. */
  readonly labels?: ArrayLike<number>
  /** Of every image. */
  readonly channels: number
  /** Of every image, in pixels. */
  readonly height: number
  /** Of every image, in pixels. */
  readonly width: number
  /** 'CHW' (default): a plane per channel; 'HWC': the channels of a pixel side by side, as canvases and decoders have them (copied). */
  readonly layout?: 'CHW' | 'HWC'
  /** Names of the classes; by default "0", "1" … up to the highest label. */
  readonly classes?: readonly string[]
}

/**
 * Images that are in memory already.
 * @throws KerfError `bad-options` (sizes), `count-mismatch` (images, labels), `label-out-of-range`
 */
export function imagesFromArrays(given: ArrayImages): ImageSet {
  const { channels, height, width, layout = 'CHW' } = given
  for (const [name, value] of Object.entries({ channels, height, width }))
    if (!Number.isInteger(value) || value < 1)
      throw new KerfError('bad-options', `${name} is ${value}; give a whole number of at least 1.`, { [name]: value })
  const elements = channels * height * width
  const count = given.labels?.length ?? given.images.length / elements
  if (!given.labels && !Number.isInteger(count))
    throw new KerfError(
      'count-mismatch',
      `${given.images.length} pixels are no whole number of images of ${channels} × ${height} × ${width}, which have ${elements}.`,
      { pixels: given.images.length, expected: elements },
    )
  if (given.images.length !== count * elements)
    throw new KerfError(
      'count-mismatch',
      `${given.images.length} pixels for ${count} labels; ${count} images of ${channels} × ${height} × ${width} have ${count * elements}.`,
      { pixels: given.images.length, labels: count, expected: count * elements },
    )
  const labels = given.labels ? Int32Array.from(given.labels) : new Int32Array(count)
  const classes = given.labels ? (given.classes ?? numberedClasses(labels)) : []
  if (given.labels) checkLabels(given.labels, classes.length)
  const { images } = given
  if (images instanceof Float32Array) {
    const pixels = layout === 'CHW' ? images : rearranged(images, elements, channels)
    return {
      classes,
      channels,
      height,
      width,
      count,
      labels,
      skipped: [],
      bytes: pixels.byteLength,
      read: (index, into) => into.set(pixels.subarray(index * elements, (index + 1) * elements)),
    }
  }
  const bytes = new Uint8Array(images.buffer, images.byteOffset, images.length)
  const pixels = layout === 'CHW' ? bytes : rearranged(bytes, elements, channels)
  return pixelSet({ classes, shape: [channels, height, width], labels, pixels: oneBlock(pixels, count) })
}

function rearranged<T extends Uint8Array | Float32Array>(images: T, elements: number, channels: number): T {
  const into = new (images.constructor as new (length: number) => T)(images.length)
  for (let start = 0; start < images.length; start += elements)
    toPlanes(images.subarray(start, start + elements), channels, into, start)
  return into
}

/** "0", "1" … up to the highest label. */
export const numberedClasses = (labels: Int32Array): string[] =>
  Array.from({ length: labels.reduce((max, label) => Math.max(max, label), -1) + 1 }, (_, i) => String(i))

/**
 * @param of what messages call the labels
 * @throws KerfError `label-out-of-range` with the first wrong one
 */
export function checkLabels(labels: ArrayLike<number>, classes: number, of = 'labels'): void {
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!
    if (Number.isInteger(label) && label >= 0 && label < classes) continue
    throw new KerfError(
      'label-out-of-range',
      `${of}: image ${i} has the label ${label}; there are ${classes} classes, 0 to ${classes - 1}. Correct the label, or leave the image out.`,
      { index: i, label, classes },
    )
  }
}
