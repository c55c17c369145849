import type { Model } from 'kerf'
import {
  type ImageSet,
  imageMetadata,
  layoutOf,
  preprocessingFor,
  type SkippedImage,
  type Transform,
  transformsOf,
} from 'kerf/data'
import { graphInputs } from 'kerf/graph'

/** Pictures as a network takes them. */
export interface Pictures {
  readonly images: ImageSet
  /** What happens to them on their way. */
  readonly transforms: readonly Transform[]
}

/** Memory that decoded pictures may take, in bytes. */
const mostBytes = 1e9

/**
 * Decodes pictures for a network, without labels. They are kept in memory in the size that the network takes, the middle of each; so no more are taken than a gigabyte holds.
 * @param progress is told how many are done
 * @throws KerfError where the network takes no images; Error where none of the files is one
 */
export async function picturesFor(
  model: Model,
  shape: readonly number[] | undefined,
  files: readonly Blob[],
  progress: (done: number) => void,
): Promise<Pictures> {
  const [input] = graphInputs(model.graph)
  if (!input) throw new Error('The network has no input that takes pictures.')
  const { preprocessing } = preprocessingFor(input, {}, imageMetadata(model).preprocessing)
  const [, a = 0, b = 0, c = 0] = shape ?? []
  const [height, width] = layoutOf(input) === 'NHWC' ? [a, b] : [b, c]
  if (!(height > 0 && width > 0))
    throw new Error('The size of the network’s input is not known. Give it on the page of costs.')
  const size = 3 * height * width
  const pixels: Uint8Array[] = []
  const skipped: SkippedImage[] = []
  const canvas = new OffscreenCanvas(width, height)
  const context = canvas.getContext('2d', { willReadFrequently: true })!
  for (const [i, file] of files.entries()) {
    progress(i)
    const name = file instanceof File ? file.name : `picture ${i + 1}`
    if (pixels.length * size > mostBytes) {
      skipped.push({ name, reason: 'there is no room for more' })
      continue
    }
    try {
      const bitmap = await createImageBitmap(file)
      const scale = Math.max(width / bitmap.width, height / bitmap.height)
      const [w, h] = [bitmap.width * scale, bitmap.height * scale]
      context.drawImage(bitmap, (width - w) / 2, (height - h) / 2, w, h)
      bitmap.close()
      pixels.push(planes(context.getImageData(0, 0, width, height).data))
    } catch (error) {
      skipped.push({ name, reason: (error as Error).message })
    }
  }
  if (pixels.length === 0)
    throw new Error(
      `None of the ${files.length} files is an image that this browser can read: PNG, JPEG, WebP, AVIF, GIF.`,
    )
  const images: ImageSet = {
    ...{ classes: [], channels: 3, height, width, count: pixels.length, skipped },
    labels: new Int32Array(pixels.length),
    bytes: pixels.length * size,
    read(index, into) {
      const own = pixels[index]!
      for (let i = 0; i < size; i++) into[i] = own[i]! / 255
    },
  }
  // They have the size that is asked for.
  return { images, transforms: transformsOf({ ...preprocessing, resize: undefined, crop: undefined }) }
}

/** Red, green and blue apart. */
function planes(data: Uint8ClampedArray): Uint8Array {
  const count = data.length / 4
  const result = new Uint8Array(3 * count)
  for (let i = 0; i < count; i++) for (let c = 0; c < 3; c++) result[c * count + i] = data[4 * i + c]!
  return result
}
