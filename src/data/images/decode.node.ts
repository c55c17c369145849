import { askMemory, KerfError, memoryLimit } from '../../base/index.ts'
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

/** So many images are being decoded at a time; more keeps no more threads busy. */
export const imagesAtATime = 16

/** What an image takes while it is decoded: the decoder's rows, its pixels in colours, and their planes. */
const bytesPerPixel = 9

/** What sharp says of an image with more pixels than it may have. */
const tooManyPixels = /pixel limit/i

/**
 * Decodes images, or says why not.
 * @param bytes of its file
 * @param done kept when what was decoded before is no longer held as it came: large images wait for it. By default they wait for each other's decoding alone
 */
export type Decode = (
  bytes: Uint8Array,
  done?: Promise<unknown>,
) => Promise<
  | DecodedImage
  | {
      /** Why an image cannot be decoded; undefined where it can. */ readonly problem: string
    }
>

/**
 * A decoder for a set of images: 8 bits per channel, in sRGB or grey, turned as EXIF says, without alpha (on black). Of images so large that several would fill
 * the memory one is decoded at a time, and none that would take more than Kerf may.
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
  const small = Math.max(1, Math.floor(memoryLimit() / (2 * imagesAtATime * bytesPerPixel)))
  const decode = async (
    bytes: Uint8Array,
    limitInputPixels: number | false,
    done?: Promise<unknown>,
  ): ReturnType<Decode> => {
    try {
      const image = sharp(bytes, { limitInputPixels }).autoOrient()
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
      // One plane lies as it should, in memory of its own where it is large.
      const isPlane = channels === 1 && data.byteLength === data.buffer.byteLength
      const pixels = isPlane
        ? new Uint8Array(data.buffer)
        : toPlanes<Uint8Array>(data, channels, new Uint8Array(data.length))
      return { pixels, channels, height: info.height, width: info.width }
    } catch (error) {
      const { message } = error as Error
      if (limitInputPixels === false || !tooManyPixels.test(message)) return { problem: imageProblem(bytes, message) }
      if (done) return done.then(() => large(bytes))
      before = before.then(() => large(bytes))
      return before as ReturnType<Decode>
    }
  }
  /** One after the other. */
  let before: Promise<unknown> = Promise.resolve()
  const large = async (bytes: Uint8Array): ReturnType<Decode> => {
    try {
      const { width, height } = await sharp(bytes, { limitInputPixels: false }).metadata()
      askMemory(width * height * bytesPerPixel, `An image of ${width} × ${height} pixels`, 'Make it smaller')
    } catch (error) {
      const { message } = error as Error
      return { problem: error instanceof KerfError ? message : imageProblem(bytes, message) }
    }
    return decode(bytes, false)
  }
  return (bytes, done) => decode(bytes, small, done)
}
