import { KerfError } from '../../base/index.ts'
import type { ImageSet } from '../types.ts'
import { checkLabels } from './arrays.ts'
import type { NamedBytes } from './idx.ts'
import { pixelSet } from './pixels.ts'

/*
 * The binary batches of CIFAR-10: records of one byte for the label and 3072 for an image, [3, 32, 32].
 * Source: the description on the data set's page.
 */

export const cifarClasses: readonly string[] = [
  'airplane',
  'automobile',
  'bird',
  'cat',
  'deer',
  'dog',
  'frog',
  'horse',
  'ship',
  'truck',
]

const imageBytes = 3 * 32 * 32
const recordBytes = 1 + imageBytes

/**
 * @param batches whole files, in order
 * @throws KerfError `bad-cifar` (a length that is not that of records), `label-out-of-range`
 */
export function imagesFromCifar(batches: readonly NamedBytes[]): ImageSet {
  for (const { name, bytes } of batches)
    if (bytes.length === 0 || bytes.length % recordBytes !== 0)
      throw new KerfError(
        'bad-cifar',
        `${name}: ${bytes.length} bytes are not a whole number of records of ${recordBytes} bytes, at least one. It is cut off, or no binary batch of CIFAR-10.`,
        { name, length: bytes.length, record: recordBytes },
      )
  const perBatch = batches.map(({ bytes }) => bytes.length / recordBytes)
  const count = perBatch.reduce((sum, n) => sum + n, 0)
  const labels = new Int32Array(count)
  const pixels = new Uint8Array(count * imageBytes)
  let image = 0
  for (const { name, bytes } of batches) {
    const first = image
    for (let start = 0; start < bytes.length; start += recordBytes, image++) {
      labels[image] = bytes[start]!
      pixels.set(bytes.subarray(start + 1, start + recordBytes), image * imageBytes)
    }
    checkLabels(labels.subarray(first, image), cifarClasses.length, name)
  }
  return pixelSet({
    classes: cifarClasses,
    shape: [3, 32, 32],
    labels,
    pixels: { blocks: [pixels], imagesPerBlock: count },
  })
}
