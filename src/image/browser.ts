import { askMemory, KerfError } from '../base/index.ts'
import { graphInputs, type Model } from '../graph/index.ts'
import type { HostTensor } from '../runtime/index.ts'
import { imageTensor, type PixelImage } from './image-tensor.ts'
import { imageMetadata } from './metadata.ts'
import { type PreprocessingOptions, preprocessingFor } from './preprocessing.ts'

/**
 * What a browser can draw: HTMLCanvasElement, OffscreenCanvas, ImageBitmap, VideoFrame, HTMLImageElement, HTMLVideoElement. Described by its sizes, so
 * that this compiles without the DOM's types.
 */
export type BrowserImage = VideoFrameSize | VideoSize | ImageElementSize | CanvasSize

/** What is used of a VideoFrame. Sizes are in pixels here, as in the others. */
export interface VideoFrameSize {
  /** As it is shown. */
  readonly displayWidth: number
  /** As it is shown. */
  readonly displayHeight: number
}

/** What is used of an HTMLVideoElement. */
export interface VideoSize {
  /** Of the film, not of the element. */
  readonly videoWidth: number
  /** Of the film, not of the element. */
  readonly videoHeight: number
}

/** What is used of an HTMLImageElement. */
export interface ImageElementSize {
  /** Of the image, not of the element. */
  readonly naturalWidth: number
  /** Of the image, not of the element. */
  readonly naturalHeight: number
}

/** What is used of an HTMLCanvasElement, an OffscreenCanvas or an ImageBitmap. */
export interface CanvasSize {
  /** Of its pixels. */
  readonly width: number
  /** Of its pixels. */
  readonly height: number
}

/** How an image becomes an input, where it should be otherwise than the model's file says. */
export interface ImageToTensorOptions extends PreprocessingOptions {
  /** Name of the input that takes the image; by default the only one. */
  readonly input?: string
}

/**
 * An image as a model takes it: sized, ordered and scaled as the model's file says, else as `preprocessingFor` assumes.
 *
 *     const { logits } = await session.run({ input: imageToTensor(canvas, model) })
 *
 * @param image a canvas, ImageBitmap, VideoFrame, `<img>` or `<video>` that has loaded, ImageData, or `{ data, width, height }` anywhere
 * @returns [1, C, H, W], or [1, H, W, C] where the model takes it so
 * @throws KerfError `unknown-input`, `not-an-image-input`, `bad-options`, `bad-image` (nothing to draw yet, or pixels of another origin)
 */
export function imageToTensor(
  image: BrowserImage | PixelImage,
  model: Model,
  options: ImageToTensorOptions = {},
): HostTensor {
  const { input: name, ...given } = options
  const inputs = graphInputs(model.graph)
  const input = name === undefined && inputs.length === 1 ? inputs[0] : inputs.find((i) => i.name === name)
  if (!input)
    throw new KerfError(
      'unknown-input',
      `${name === undefined ? `The model has ${inputs.length} inputs: say which one takes the image, as in { input: "name" }` : `The model has no input "${name}"`}. Its inputs: ${inputs.map((i) => i.name).join(', ') || 'none'}.`,
      { input: name },
    )
  const { preprocessing } = preprocessingFor(input, given, imageMetadata(model).preprocessing)
  return imageTensor(pixelsOf(image), preprocessing, input.type?.kind === 'tensor' ? input.type.elementType : 'float32')
}

/**
 * The pixels of what a browser can draw.
 * @throws KerfError `bad-image`, `out-of-memory`
 */
export function pixelsOf(image: BrowserImage | PixelImage): PixelImage {
  if ('data' in image && ArrayBuffer.isView(image.data)) return image
  const [width, height] = sizeOf(image)
  if (!(width >= 1 && height >= 1))
    throw new KerfError('bad-image', 'The image has no pixels yet. Wait until it has loaded.', { width, height })
  if (typeof OffscreenCanvas === 'undefined')
    throw new KerfError(
      'bad-image',
      'There is no canvas here to draw the image on. Give its pixels: { data, width, height }.',
    )
  askMemory(8 * width * height, `An image of ${width} × ${height} pixels`, 'Make it smaller')
  // Read back at once: a canvas on the graphics card would only be copied.
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })
  if (!context) throw new KerfError('bad-image', 'The browser gives no canvas to draw the image on.')
  try {
    context.drawImage(image as ImageBitmap, 0, 0, width, height)
    return context.getImageData(0, 0, width, height)
  } catch (error) {
    throw new KerfError(
      'bad-image',
      `The pixels of the image cannot be read: ${(error as Error).message}. An image of another origin must be loaded with crossOrigin.`,
      { why: String(error) },
    )
  }
}

function sizeOf(image: BrowserImage | PixelImage): readonly [width: number, height: number] {
  if ('displayWidth' in image) return [image.displayWidth, image.displayHeight]
  if ('videoWidth' in image) return [image.videoWidth, image.videoHeight]
  if ('naturalWidth' in image) return [image.naturalWidth, image.naturalHeight]
  return [image.width, image.height]
}
