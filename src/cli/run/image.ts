import { KerfError } from '../../base/index.ts'
import { type HostTensor, hostTensor } from '../../runtime/index.ts'

export type ImageLayout = 'NCHW' | 'NHWC'

/** How an image becomes a tensor: (pixel · scale - mean) ÷ std, pixels from 0 to 255. */
export interface Preprocessing {
  readonly height: number
  readonly width: number
  /** 3, or 1 for grey. */
  readonly channels: number
  readonly layout: ImageLayout
  readonly order: 'rgb' | 'bgr'
  /** cover: the middle of the image, cut to the aspect ratio; fill: squeezed; contain: whole, with black around. */
  readonly fit: 'cover' | 'fill' | 'contain'
  readonly scale: number
  /** One per channel. */
  readonly mean: readonly number[]
  readonly std: readonly number[]
}

/** What the user asked for; the rest is by default. */
export type PreprocessingOptions = Partial<
  Pick<Preprocessing, 'layout' | 'order' | 'fit' | 'scale' | 'mean' | 'std'>
> & { readonly size?: readonly [height: number, width: number] }

/** Of ImageNet, as torchvision's networks are trained. */
const imageNet = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }
const openSize = 224

/**
 * The preprocessing for an input. Defaults: size and layout of the input (224 × 224 where open); for 3 channels of floats
 * the mean and deviation of ImageNet; for grey floats pixel ÷ 255; for integers the pixels themselves.
 * @throws KerfError `not-an-image-input`, `bad-options`
 */
export function preprocessingFor(
  input: { readonly name: string; readonly elementType: string; readonly shape: readonly (number | string)[] },
  given: PreprocessingOptions,
): Preprocessing {
  const { name, shape } = input
  const isChannels = (d: number | string | undefined) => d === 1 || d === 3
  const layout = given.layout ?? (isChannels(shape[3]) && !isChannels(shape[1]) ? 'NHWC' : 'NCHW')
  const [channels, ...size] = layout === 'NCHW' ? [shape[1], shape[2], shape[3]] : [shape[3], shape[1], shape[2]]
  if (shape.length !== 4 || (typeof channels === 'number' && !isChannels(channels)))
    throw new KerfError(
      'not-an-image-input',
      `Input "${name}" [${shape.map((d) => d || '?')}] takes no image: that has four dimensions, ${layout}, with 1 or 3 channels. Give a .npy file.`,
      { input: name, shape },
    )
  const count = channels === 1 ? 1 : 3
  const [height, width] = given.size ?? size.map((d) => (typeof d === 'number' ? d : openSize))
  const floats = input.elementType.startsWith('float')
  const per = (option: string, values: readonly number[] | undefined, fallback: readonly number[]) => {
    if (!values) return fallback
    if (values.length !== count && values.length !== 1)
      throw new KerfError('bad-options', `--${option} gives ${values.length} values for ${count} channels.`)
    return Array.from({ length: count }, (_, c) => values[values.length === 1 ? 0 : c] as number)
  }
  const standard = floats && count === 3
  return {
    height: height as number,
    width: width as number,
    channels: count,
    layout,
    order: given.order ?? 'rgb',
    fit: given.fit ?? 'cover',
    scale: given.scale ?? (floats ? 1 / 255 : 1),
    mean: per('mean', given.mean, standard ? imageNet.mean : new Array<number>(count).fill(0)),
    std: per('std', given.std, standard ? imageNet.std : new Array<number>(count).fill(1)),
  }
}

/** In one line, as options. */
export function preprocessingText(p: Preprocessing): string {
  const scale = p.scale === 1 / 255 ? '1/255' : String(p.scale)
  return `--size ${p.height}x${p.width} --fit ${p.fit} --channels ${p.order} --scale ${scale} --mean ${p.mean} --std ${p.std} --layout ${p.layout}`
}

/**
 * Pixels as a tensor with batch 1.
 * @param pixels [height][width][channels], 0 to 255
 */
export function pixelsToTensor(
  pixels: ArrayLike<number>,
  p: Preprocessing,
  elementType: Parameters<typeof hostTensor>[0],
): HostTensor {
  const { height, width, channels, layout, scale, mean, std } = p
  const area = height * width
  const values = new Float64Array(area * channels)
  for (let c = 0; c < channels; c++) {
    const from = p.order === 'bgr' ? channels - 1 - c : c
    for (let at = 0; at < area; at++) {
      const value = ((pixels[at * channels + from] as number) * scale - (mean[c] as number)) / (std[c] as number)
      values[layout === 'NCHW' ? c * area + at : at * channels + c] = value
    }
  }
  const shape = layout === 'NCHW' ? [1, channels, height, width] : [1, height, width, channels]
  return hostTensor(elementType, shape, values)
}

/**
 * Reads an image (PNG, JPEG, WebP, AVIF, TIFF, GIF) with sharp: turned as its EXIF data say, without alpha, resized with Lanczos.
 * @param path what messages call it
 * @throws KerfError `missing-package`, `bad-image`
 */
export async function readImage(
  bytes: Uint8Array,
  path: string,
  p: Preprocessing,
  elementType: Parameters<typeof hostTensor>[0],
): Promise<HostTensor> {
  const sharp = await import('sharp').catch((error: unknown) => {
    throw new KerfError(
      'missing-package',
      `${path}: images are read with sharp, which is not installed or does not run here (npm install sharp). .npy files need nothing.`,
      { path, why: String(error) },
    )
  })
  if (bytes.length === 0) throw new KerfError('bad-image', `${path} is empty. Give another image.`, { path })
  const image = sharp
    .default(bytes)
    .autoOrient()
    .flatten({ background: 'black' })
    .resize({ width: p.width, height: p.height, fit: p.fit, background: 'black' })
    .toColourspace(p.channels === 1 ? 'b-w' : 'srgb')
    .raw({ depth: 'uchar' })
  const { data, info } = await image.toBuffer({ resolveWithObject: true }).catch((error: unknown) => {
    throw new KerfError(
      'bad-image',
      `${path} cannot be read as an image: ${(error as Error).message}. Give a PNG, JPEG, WebP, AVIF, TIFF or GIF file, or a .npy file.`,
      { path },
    )
  })
  if (info.channels !== p.channels)
    throw new KerfError('bad-image', `${path} has ${info.channels} channels, ${p.channels} are needed.`, { path })
  return pixelsToTensor(data, p, elementType)
}
