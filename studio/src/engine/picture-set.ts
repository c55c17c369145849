import type { Model } from 'kerf'
import {
  type ImageSet,
  imageMetadata,
  layoutOf,
  preprocessingFor,
  type SkippedImage,
  type Transform,
  transformsOf,
  withClasses,
} from 'kerf/data'
import { graphInputs } from 'kerf/graph'
import type { PictureFiles } from './picture-files.ts'

/** Pictures as a network takes them. */
export interface Pictures {
  readonly images: ImageSet
  /** What happens to them on their way. */
  readonly transforms: readonly Transform[]
  /** What they are of. */
  readonly decoded: DecodedPictures
}

/** Decoded pictures, all of one size: plain data. */
export interface DecodedPictures {
  readonly width: number
  readonly height: number
  /** Names of the classes; empty without labels. */
  readonly classes: readonly string[]
  readonly labels: Int32Array
  /** Red, green and blue planes of each. */
  readonly pixels: readonly Uint8Array[]
  readonly skipped: readonly SkippedImage[]
}

/** Memory that decoded pictures may take, in bytes. */
const mostBytes = 1e9

/**
 * The size that a network takes pictures in.
 * @param shape of its input
 * @throws Error where it takes none, or its size is not known
 */
export function pictureSize(model: Model, shape: readonly number[] | undefined): { width: number; height: number } {
  const [input] = graphInputs(model.graph)
  if (!input) throw new Error('The network has no input that takes pictures.')
  const [, a = 0, b = 0, c = 0] = shape ?? []
  const [height, width] = layoutOf(input) === 'NHWC' ? [a, b] : [b, c]
  if (height > 0 && width > 0) return { width, height }
  throw new Error('The size of the network’s input is not known. Give it on the page of costs.')
}

/**
 * Decodes pictures. They are kept in memory in one size, the middle of each; so no more are taken than a gigabyte holds.
 * @param most of them, evenly from all
 * @param progress is told how many are done
 * @throws Error where none of the files is a picture
 */
export async function decodePictures(
  { files, classes }: PictureFiles,
  { width, height }: { readonly width: number; readonly height: number },
  most: number,
  progress: (done: number, total: number) => void = () => {},
): Promise<DecodedPictures> {
  const count = Math.min(most, files.length, Math.floor(mostBytes / (3 * height * width)))
  const pixels: Uint8Array[] = []
  const labels: number[] = []
  const skipped: SkippedImage[] = []
  const canvas = new OffscreenCanvas(width, height)
  const context = canvas.getContext('2d', { willReadFrequently: true })!
  for (let i = 0; i < count; i++) {
    // Decoding alone lets no message in, such as a stop.
    if (i % 16 === 0) await new Promise((resolve) => setTimeout(resolve))
    progress(i, count)
    const { name, label, bitmap } = files[Math.floor((i * files.length) / count)]!
    try {
      const image = await bitmap()
      const scale = Math.max(width / image.width, height / image.height)
      const [w, h] = [image.width * scale, image.height * scale]
      context.drawImage(image, (width - w) / 2, (height - h) / 2, w, h)
      image.close()
      pixels.push(planes(context.getImageData(0, 0, width, height).data))
      labels.push(label)
    } catch (error) {
      skipped.push({ name, reason: (error as Error).message })
    }
  }
  if (pixels.length === 0)
    throw new Error(`None of ${files.length} files is an image that this browser can read: PNG, JPEG, WebP, AVIF, GIF.`)
  return { width, height, classes, labels: Int32Array.from(labels), pixels, skipped }
}

/**
 * Decoded pictures as a network takes them. Classes that are called as the network's have its numbers; others keep theirs.
 * @throws KerfError where the network takes no images
 */
export function picturesFor(model: Model, decoded: DecodedPictures): Pictures {
  const [input] = graphInputs(model.graph)
  if (!input) throw new Error('The network has no input that takes pictures.')
  const { classes: names, preprocessing: own } = imageMetadata(model)
  const { preprocessing } = preprocessingFor(input, {}, own)
  const { width, height, classes, labels, pixels, skipped } = decoded
  const size = 3 * height * width
  const set: ImageSet = {
    ...{ classes, channels: 3, height, width, count: pixels.length, skipped, labels },
    bytes: pixels.length * size,
    read(index, into) {
      const own = pixels[index]!
      for (let i = 0; i < size; i++) into[i] = own[i]! / 255
    },
  }
  const images = names && classes.length > 0 ? (withClasses(set, names) ?? set) : set
  // They have the size that is asked for.
  return { images, decoded, transforms: transformsOf({ ...preprocessing, resize: undefined, crop: undefined }) }
}

/** Red, green and blue apart. */
function planes(data: Uint8ClampedArray): Uint8Array {
  const count = data.length / 4
  const result = new Uint8Array(3 * count)
  for (let i = 0; i < count; i++) for (let c = 0; c < 3; c++) result[c * count + i] = data[4 * i + c]!
  return result
}
