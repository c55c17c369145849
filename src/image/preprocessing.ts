import { isFloating, KerfError } from '../base/index.ts'
import type { ImageLayout, ValueInfo } from '../graph/index.ts'

/**
 * How an image becomes a tensor: resized, cut, and of every channel (pixel · scale − mean) ÷ std, pixels from 0 to 255. What stands in a file under
 * `kerf.image` is this, as JSON.
 */
export interface Preprocessing {
  /** [height, width] in pixels; undefined: images stay as they are. */
  readonly resize?: readonly [height: number, width: number]
  /** fill: squeezed; cover: the middle of the image, in its aspect ratio; contain: all of it, with a border. */
  readonly fit: 'fill' | 'cover' | 'contain'
  /** Of `contain`: what is around the image, 0 to 255. */
  readonly border: number
  /** [height, width] in pixels: the middle, cut out after resizing; undefined: nothing is cut. */
  readonly crop?: readonly [height: number, width: number]
  /** 3, or 1 for grey. */
  readonly channels: 1 | 3
  /** Of the channels. */
  readonly order: 'rgb' | 'bgr'
  /** Of the network's input. */
  readonly layout: ImageLayout
  /** 1/255: values from 0 to 1. */
  readonly scale: number
  /** One per channel, in the network's order. */
  readonly mean: readonly number[]
  /** One per channel, in the network's order. */
  readonly std: readonly number[]
}

/** What somebody says of it; the rest is looked up. A mean or std of one value is that of every channel. */
export type PreprocessingOptions = Partial<Preprocessing>

/** What nothing said. */
export type Assumption = 'size' | 'fit' | 'order' | 'scale' | 'mean and std'

/** How images become an input, and how sure that is. */
export interface ResolvedPreprocessing {
  /** Every field is known or assumed. */
  readonly preprocessing: Preprocessing
  /** What neither the caller, the file nor the input's shape said. Empty: everything is known. */
  readonly assumed: readonly Assumption[]
}

/** Of ImageNet's pixels from 0 to 1, as torchvision's networks are trained. */
export const imageNet = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const
const openSize = 224

/**
 * How images become an input of a model: as the caller says, else as the file says, else as the input's shape says. What then is left is assumed:
 * 224 × 224 where the size is open; the middle of the image; rgb; of floats pixel ÷ 255, and with three channels ImageNet's mean and deviation; of
 * integers the pixels themselves.
 * @param given what the caller says
 * @param stored what the file says: `imageMetadata(model).preprocessing`
 * @throws KerfError `not-an-image-input`, `bad-options` (mean and std of another number of channels, a size that is not the input's)
 */
export function preprocessingFor(
  input: ValueInfo,
  given: PreprocessingOptions = {},
  stored: PreprocessingOptions = {},
): ResolvedPreprocessing {
  const { elementType, channels, layout, size } = imageInput(input, given, stored)
  const assumed: Assumption[] = []
  const known = <K extends keyof Preprocessing>(key: K): Preprocessing[K] | undefined => given[key] ?? stored[key]
  const orAssumed = <T>(value: T | undefined, what: Assumption, fallback: T): T => {
    if (value !== undefined) return value
    assumed.push(what)
    return fallback
  }
  const own = size.map((d) => d ?? openSize) as [number, number]
  const told = fits(stored, size) ? stored : {}
  const cuts = told.crop && !(given.resize && (given.resize[0] < told.crop[0] || given.resize[1] < told.crop[1]))
  const crop = given.crop ?? (cuts ? told.crop : undefined)
  const whole = () => (size.every((d) => d === undefined) ? orAssumed(undefined, 'size', own) : own)
  const resize = given.resize ?? told.resize ?? (crop ? undefined : whole())
  const made = crop ?? resize
  if (made && !size.every((d, i) => d === undefined || d === made[i]))
    throw new KerfError(
      'bad-options',
      `Input "${input.name}" takes ${own.join('×')} pixels, not ${made.join('×')}. Resize to ${own.join('x')}.`,
      { option: crop ? 'crop' : 'resize', input: input.name, expected: own, received: made },
    )
  const floats = isFloating(elementType)
  const fit = orAssumed(known('fit'), 'fit', 'cover')
  const order = channels === 1 ? 'rgb' : orAssumed(known('order'), 'order', 'rgb')
  const scale = orAssumed(known('scale'), 'scale', floats ? 1 / 255 : 1)
  const moments = momentsOf(channels, known('mean'), known('std'))
  const neutral = { mean: new Array<number>(channels).fill(0), std: new Array<number>(channels).fill(1) }
  const standard = floats && channels === 3 && scale === 1 / 255 ? imageNet : neutral
  const { mean, std } = orAssumed(moments, 'mean and std', standard)
  return {
    preprocessing: { resize, fit, border: known('border') ?? 0, crop, channels, order, layout, scale, mean, std },
    assumed,
  }
}

/** What was assumed, in words: `224×224 pixels`, `rgb`. */
export function assumptionTexts({ preprocessing, assumed }: ResolvedPreprocessing): string[] {
  const { resize, fit, scale, order, mean } = preprocessing
  const texts: Readonly<Record<Assumption, string>> = {
    size: `${resize?.join('×')} pixels`,
    fit: fit === 'cover' ? 'the middle of the image' : fit,
    order,
    scale: scale === 1 ? 'pixels from 0 to 255' : 'pixels from 0 to 1',
    'mean and std': mean.some((m) => m !== 0) ? "ImageNet's mean and deviation" : 'no mean subtracted',
  }
  return assumed.map((a) => texts[a])
}

/** Whether the size that a file tells is the input's own, which another program may have changed since. */
function fits({ resize, crop }: PreprocessingOptions, size: readonly (number | undefined)[]): boolean {
  const made = crop ?? resize
  return made === undefined || size.every((d, i) => d === undefined || d === made[i])
}

function momentsOf(
  channels: number,
  mean: readonly number[] | undefined,
  std: readonly number[] | undefined,
): { mean: readonly number[]; std: readonly number[] } | undefined {
  if (mean === undefined && std === undefined) return undefined
  const per = (what: string, values: readonly number[]) => {
    if (values.length !== channels && values.length !== 1)
      throw new KerfError(
        'bad-options',
        `${what} has ${values.length} values for ${channels === 1 ? 'one channel' : `${channels} channels`}.`,
        { option: what, values, channels },
      )
    return Array.from({ length: channels }, (_, c) => values[values.length === 1 ? 0 : c]!)
  }
  return { mean: per('mean', mean ?? [0]), std: per('std', std ?? [1]) }
}

const isChannels = (d: unknown): d is 1 | 3 => d === 1 || d === 3

/**
 * Where an input of images has its channels: behind, where only the last dimension can be them.
 * @param input of a model
 */
export function layoutOf(input: ValueInfo): ImageLayout {
  const shape = input.type?.kind === 'tensor' ? input.type.shape : undefined
  return shape?.length === 4 && isChannels(shape[3]) && !isChannels(shape[1]) ? 'NHWC' : 'NCHW'
}

function imageInput(input: ValueInfo, given: PreprocessingOptions, stored: PreprocessingOptions) {
  const { name, type } = input
  const shape = type?.kind === 'tensor' ? (type.shape ?? ['', '', '', '']) : []
  const layout = given.layout ?? stored.layout ?? layoutOf(input)
  const [dim, ...sizes] = layout === 'NCHW' ? shape.slice(1) : [shape[3], shape[1], shape[2]]
  if (type?.kind !== 'tensor' || shape.length !== 4 || (typeof dim === 'number' && !isChannels(dim)))
    throw new KerfError(
      'not-an-image-input',
      `Input "${name}" [${shape.map((d) => d || '?')}] takes no image: that has four dimensions, ${layout}, with 1 or 3 channels.`,
      { input: name, shape },
    )
  const channels = isChannels(dim) ? dim : (given.channels ?? stored.channels ?? 3)
  const size = sizes.map((d) => (typeof d === 'number' ? d : undefined))
  return { elementType: type.elementType, channels, layout, size } as const
}
