import { type ElementType, KerfError } from '../base/index.ts'
import { ByteResizer, luma } from '../data/index.ts'
import { type HostTensor, hostTensor } from '../runtime/index.ts'
import type { Preprocessing } from './preprocessing.ts'

/** Pixels in sRGB or grey. A browser's ImageData is one, with four channels. */
export interface PixelImage {
  /** [height, width, channels], 0 to 255 */
  readonly data: Uint8Array | Uint8ClampedArray
  /** In pixels. */
  readonly height: number
  /** In pixels. */
  readonly width: number
  /** 1 grey, 3 red, green and blue, 4 with alpha: the image is laid on black. Default: as many as the data has. */
  readonly channels?: number
}

/** An image as decoders of data sets give it. */
export interface PlanarImage {
  /** [channels, height, width], 0 to 255 */
  readonly pixels: Uint8Array
  /** 1 grey, 3 red, green and blue. */
  readonly channels: 1 | 3
  /** In pixels. */
  readonly height: number
  /** In pixels. */
  readonly width: number
}

/**
 * An image as a network takes it: a tensor with batch 1. Resizing is Pillow's bilinear one, bit for bit, as in training; grey is its luma (ITU-R 601-2).
 * @throws KerfError `bad-image` where data and size disagree
 */
export const imageTensor = (image: PixelImage, p: Preprocessing, elementType: ElementType = 'float32'): HostTensor =>
  planarTensor(planesOf(image), p, elementType)

/** `imageTensor` of an image in planes. */
export function planarTensor(image: PlanarImage, p: Preprocessing, elementType: ElementType = 'float32'): HostTensor {
  let pixels = withChannels(image, p.channels)
  let shape: readonly [number, number, number] = [p.channels, image.height, image.width]
  const { resize, fit, border, crop } = p
  if (resize) ({ pixels, shape } = new ByteResizer({ kind: 'resize', size: resize, fit, border }).resize(pixels, shape))
  if (crop) ({ pixels, shape } = new ByteResizer({ kind: 'centreCrop', size: crop }).resize(pixels, shape))
  const [channels, height, width] = shape
  const area = height * width
  const values = new Float64Array(channels * area)
  for (let c = 0; c < channels; c++) {
    const from = (p.order === 'bgr' ? channels - 1 - c : c) * area
    const [mean, std] = [p.mean[c]!, p.std[c]!]
    const [start, step] = p.layout === 'NCHW' ? [c * area, 1] : [c, channels]
    for (let at = 0; at < area; at++) values[start + at * step] = (pixels[from + at]! * p.scale - mean) / std
  }
  return hostTensor(
    elementType,
    p.layout === 'NCHW' ? [1, channels, height, width] : [1, height, width, channels],
    values,
  )
}

function withChannels({ pixels, channels, height, width }: PlanarImage, wanted: 1 | 3): Uint8Array {
  if (channels === wanted) return pixels
  const area = height * width
  const planes = new Uint8Array(area * wanted)
  if (wanted === 3) for (let c = 0; c < 3; c++) planes.set(pixels, c * area)
  else for (let at = 0; at < area; at++) planes[at] = luma(pixels[at]!, pixels[area + at]!, pixels[2 * area + at]!)
  return planes
}

function planesOf({ data, height, width, channels = data.length / (height * width) }: PixelImage): PlanarImage {
  const area = height * width
  if (![1, 3, 4].includes(channels) || data.length !== area * channels || area === 0)
    throw new KerfError(
      'bad-image',
      `The image has ${data.length} bytes for ${height}×${width} pixels; expected 1, 3 or 4 for each.`,
      { height, width, bytes: data.length },
    )
  const colours = channels === 1 ? 1 : 3
  const pixels = new Uint8Array(area * colours)
  for (let at = 0; at < area; at++)
    for (let c = 0; c < colours; c++) {
      const value = data[at * channels + c]!
      pixels[c * area + at] = channels === 4 ? Math.round((value * data[at * 4 + 3]!) / 255) : value
    }
  return { pixels, channels: colours, height, width }
}
