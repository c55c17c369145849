import { KerfError } from '../../base/index.ts'
import { toPlanes } from '../sets/pixels.ts'
import { imageProblem } from './problem.ts'

/** An image, decoded. */
export interface DecodedImage {
  /** [C, H, W] */
  readonly pixels: Uint8Array
  /** 1 for grey images as long as no other has been seen, then 3. */
  readonly channels: 1 | 3
  /** In pixels. */
  readonly height: number
  /** In pixels. */
  readonly width: number
}

/** Decodes images, or says why not. */
export type Decode = (bytes: Uint8Array) => Promise<
  | DecodedImage
  | {
      /** Why an image cannot be decoded; undefined where it can. */ readonly problem: string
    }
>

/**
 * A decoder for a set of images: 8 bits per channel, in sRGB or grey, turned as EXIF says, without alpha (on black).
 * @param colour true: three channels from the first image on
 * @throws KerfError `missing-package` where sharp is not installed
 */
export async function imageDecoder(colour: boolean): Promise<Decode> {
  const { default: sharp } = await import('sharp').catch((error: unknown) => {
    throw new KerfError(
      'missing-package',
      'Images are decoded with sharp, which is not installed or does not run here: npm install sharp. IDX files, CIFAR batches, generated images and .npy files need nothing.',
      { why: String(error) },
    )
  })
  let onlyGrey = !colour
  return async (bytes) => {
    try {
      const image = sharp(bytes).autoOrient()
      // Looking into the header takes half as long as decoding; with the first image in colours it is settled.
      const isGrey = onlyGrey && /^(b-w|grey16)$/.test((await image.metadata()).space)
      if (!isGrey) onlyGrey = false
      const { data, info } = await image
        .flatten({ background: 'black' })
        .toColourspace(isGrey ? 'b-w' : 'srgb')
        .raw({ depth: 'uchar' })
        .toBuffer({ resolveWithObject: true })
      const channels = isGrey ? 1 : 3
      if (info.channels !== channels) return { problem: `it has ${info.channels} channels, expected ${channels}` }
      const pixels = toPlanes<Uint8Array>(data, channels, new Uint8Array(data.length))
      return { pixels, channels, height: info.height, width: info.width }
    } catch (error) {
      return { problem: imageProblem(bytes, (error as Error).message) }
    }
  }
}
