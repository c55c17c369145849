import { KerfError } from '../../base/index.ts'
import type { ImageSet } from '../types.ts'
import { checkLabels, numberedClasses } from './arrays.ts'
import { oneBlock, pixelSet } from './pixels.ts'

/*
 * IDX, the format of MNIST: two zero bytes, a byte for the element type (8: unsigned bytes), a byte for the number of dimensions, a 32-bit
 * big-endian size of each, then the elements, the last dimension fastest. So files of images start with the number 2051 and files of
 * labels with 2049. Source: the description on the MNIST database's page.
 */

export interface IdxFile {
  readonly sizes: readonly number[]
  /** Within the bytes that were given. */
  readonly bytes: Uint8Array
}

const elementNames: Readonly<Record<number, string>> = {
  9: 'signed bytes',
  11: '16-bit integers',
  12: '32-bit integers',
  13: '32-bit floats',
  14: '64-bit floats',
}

/**
 * @param bytes the whole file, not gzipped
 * @param name what messages call it
 * @throws KerfError `bad-idx` for what is no IDX file of unsigned bytes, or has another length than its sizes say
 */
export function readIdx(bytes: Uint8Array, name: string): IdxFile {
  const bad = (problem: string, details: Record<string, unknown> = {}) =>
    new KerfError('bad-idx', `${name}: ${problem}`, { name, ...details })
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const magic = bytes.length >= 4 ? view.getUint32(0) : undefined
  if (magic === undefined || magic >>> 16 !== 0 || (magic & 0xff) === 0)
    throw bad(
      `it is no IDX file: it starts with ${magic === undefined ? `${bytes.length} bytes only` : `the number ${magic}`}; expected 2051 for images, 2049 for labels.`,
      { magic },
    )
  const type = magic >>> 8
  if (type !== 8)
    throw bad(`it holds ${elementNames[type] ?? `elements of the unknown type ${type}`}; expected unsigned bytes.`, {
      magic,
    })
  const rank = magic & 0xff
  const start = 4 + 4 * rank
  if (bytes.length < start) throw bad('the file is cut off in its header. Fetch it again.', { length: bytes.length })
  const sizes = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i))
  const expected = start + sizes.reduce((product, size) => product * size, 1)
  if (bytes.length !== expected)
    throw bad(
      `${sizes.join(' × ')} elements make ${expected} bytes, the file has ${bytes.length}${bytes.length < expected ? ': it is cut off. Fetch it again.' : '.'}`,
      { expected, length: bytes.length },
    )
  return { sizes, bytes: bytes.subarray(start) }
}

/** A file's content. */
export interface NamedBytes {
  /** What messages call it. */
  readonly name: string
  /** The whole file. */
  readonly bytes: Uint8Array
}

/**
 * Grey images from a file [count, height, width] and one with their labels [count].
 * @param classes names; by default "0", "1" … up to the highest label
 * @throws KerfError `bad-idx`, `count-mismatch`, `label-out-of-range`, `no-images`
 */
export function imagesFromIdx(images: NamedBytes, labels: NamedBytes, classes?: readonly string[]): ImageSet {
  const pixels = readIdx(images.bytes, images.name)
  checkRank(pixels, images.name, 3, 'images [count, height, width]')
  const numbers = readIdx(labels.bytes, labels.name)
  checkRank(numbers, labels.name, 1, 'labels [count]')
  const [count, height, width] = pixels.sizes as [number, number, number]
  if (count !== numbers.sizes[0])
    throw new KerfError(
      'count-mismatch',
      `${images.name} has ${count} images, ${labels.name} ${numbers.sizes[0]} labels. They do not belong together.`,
      { images: count, labels: numbers.sizes[0] },
    )
  if (pixels.bytes.length === 0)
    throw new KerfError('no-images', `${images.name} has no images: its sizes are ${pixels.sizes.join(' × ')}.`, {
      sizes: pixels.sizes,
    })
  const labelNumbers = Int32Array.from(numbers.bytes)
  const names = classes ?? numberedClasses(labelNumbers)
  checkLabels(labelNumbers, names.length, labels.name)
  return pixelSet({
    classes: names,
    shape: [1, height, width],
    labels: labelNumbers,
    pixels: oneBlock(pixels.bytes, count),
  })
}

function checkRank({ sizes }: IdxFile, name: string, rank: number, what: string): void {
  if (sizes.length === rank) return
  const kinds: Readonly<Record<number, string>> = { 1: ', as labels have', 3: ', as images have' }
  throw new KerfError(
    'bad-idx',
    `${name}: it has ${sizes.length} ${sizes.length === 1 ? 'dimension' : 'dimensions'}${kinds[sizes.length] ?? ''}; expected ${what}.`,
    { name, sizes },
  )
}
