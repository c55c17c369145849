import { KerfError } from '../../base/index.ts'
import { type NpyArray, readNpy } from '../../formats/index.ts'
import type { ImageSet, NpySource, Transform } from '../types.ts'
import { imagesFromArrays } from './arrays.ts'
import type { NamedBytes } from './idx.ts'

/*
 * Images as NumPy's arrays. Bytes are pixels from 0 to 255. Floats are pixels from 0 to 1; where they are others, they are ready for the network, and nothing may be
 * done to them: a preprocessing that is done twice gives nonsense without a word.
 */

/** Floats are rounded by those who divide and resize. */
const tolerance = 1e-3

export interface NpyOptions {
  readonly layout?: NpySource['layout']
  /** What happens to the images later. */
  readonly transforms?: readonly Transform[]
}

/**
 * @param images a .npy file of [N, C, H, W], [N, H, W, C] or [N, H, W]
 * @param labels one of [N]; left out, the images have none
 * @throws KerfError `bad-npy`, `unsupported-element-type`, `wrong-shape`, `not-finite`, `wrong-range` for floats that would be normalised twice, `no-images`, `count-mismatch`,
 *   `label-out-of-range`
 */
export function imagesFromNpy(images: NamedBytes, labels: NamedBytes | undefined, options: NpyOptions = {}): ImageSet {
  const { name } = images
  const array = readNpy(images.bytes, name)
  const { channels, height, width, layout } = sizesOf(array.shape, name, options.layout)
  const pixels = pixelsOf(array, name, options.transforms ?? [])
  const numbers = labels && labelsOf(labels)
  const [count = 0] = array.shape
  if (numbers && numbers.length !== count)
    throw new KerfError(
      'count-mismatch',
      `${labels.name} has ${numbers.length} labels, ${name} ${count} images. Give one label per image.`,
      { labels: numbers.length, images: count },
    )
  return imagesFromArrays({ images: pixels, labels: numbers, channels, height, width, layout })
}

/** A picture is grey or has colours. */
const isChannels = (size: number): boolean => size === 1 || size === 3

function sizesOf(shape: readonly number[], name: string, given: NpyOptions['layout']) {
  const text = `[${shape.join(', ')}]`
  if (shape.length !== 3 && shape.length !== 4)
    throw new KerfError(
      'wrong-shape',
      `${name} holds an array ${text}; expected images as [N, channels, height, width], [N, height, width, channels] or [N, height, width].`,
      { path: name, shape },
    )
  if (shape.includes(0)) throw new KerfError('no-images', `${name} holds no images: its shape is ${text}.`, { shape })
  const [, a = 1, b = 1, c = 1] = shape
  if (shape.length === 3) return { channels: 1, height: a, width: b, layout: 'CHW' } as const
  const isLast = given ? given === 'NHWC' : isChannels(c) && !isChannels(a)
  return isLast
    ? ({ channels: c, height: a, width: b, layout: 'HWC' } as const)
    : ({ channels: a, height: b, width: c, layout: 'CHW' } as const)
}

function pixelsOf({ elementType, data }: NpyArray, name: string, transforms: readonly Transform[]) {
  if (elementType === 'uint8') return data
  if (elementType !== 'float32' && elementType !== 'float64')
    throw new KerfError(
      'unsupported-element-type',
      `${name} holds ${elementType}. Images are bytes from 0 to 255 or floats from 0 to 1: save them with x.astype("uint8") or x.astype("float32").`,
      { path: name, elementType },
    )
  const pixels = elementType === 'float32' ? data : Float32Array.from(data)
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const value of pixels) {
    if (!Number.isFinite(value))
      throw new KerfError('not-finite', `${name} holds numbers that are NaN or infinite. Take these images out.`, {
        path: name,
      })
    least = Math.min(least, value)
    most = Math.max(most, value)
  }
  const arePixels = least >= -tolerance && most <= 1 + tolerance
  if (!arePixels && transforms.some(changesValues))
    throw new KerfError(
      'wrong-range',
      `${name} holds numbers from ${short(least)} to ${short(most)}; floats are pixels from 0 to 1, and are normalised for the network. Divide pixels by 255, or save them as uint8. Where the numbers are what the network takes, say that nothing is to be done to them: --mean 0 --std 1.`,
      { path: name, least, most },
    )
  return pixels
}

const short = (value: number): string => String(Number(value.toPrecision(3)))

const changesValues = (transform: Transform): boolean =>
  transform.kind === 'normalise' && !(transform.mean.every((m) => m === 0) && transform.deviation.every((d) => d === 1))

function labelsOf({ bytes, name }: NamedBytes): Int32Array {
  const { elementType, shape, data } = readNpy(bytes, name)
  if (shape.length !== 1 || !/^u?int/.test(elementType))
    throw new KerfError(
      'wrong-shape',
      `${name} holds ${elementType} [${shape.join(', ')}]; expected labels as whole numbers [N], one per image.`,
      { path: name, shape, elementType },
    )
  return Int32Array.from(data as ArrayLike<number | bigint>, Number)
}
