import { type HostTensor, hostValues } from 'kerf/runtime'
import { classColour, colourOf, Pixels, rangeOf } from './pictures.ts'

/*
 * Tensors as pictures: a map for each channel, side by side; of classes per pixel the largest; of one or three channels the picture that they are.
 */

/** How a tensor can be looked at. */
export type MapKind = 'maps' | 'picture' | 'largest'

/** Which maps, and how. */
export interface MapWish {
  readonly kind: MapKind
  /** Of maps: the first channel. */
  readonly first: number
  /** Of maps: how many at most. */
  readonly most: number
  /** Whether each map has colours of its own; otherwise all have those of the whole tensor. */
  readonly each: boolean
}

/** A tensor as a picture. */
export interface Maps {
  readonly pixels: Pixels
  /** Maps beside each other in the picture, with a pixel of nothing between two. */
  readonly columns: number
  /** Height and width of one. */
  readonly size: readonly [height: number, width: number]
  /** Channels that are shown. */
  readonly shown: number
  /** Channels that there are. */
  readonly channels: number
  /** What the colours span, where all maps have the same. */
  readonly range: readonly [least: number, most: number]
  /** How it could be looked at as well. */
  readonly kinds: readonly MapKind[]
}

/** Longer lines are broken. */
const longestLine = 64
/** Larger maps are not drawn: a picture has at most so many pixels. */
const mostPixels = 2 ** 24
/** Pictures tell no more classes apart. */
const mostClasses = 1024

/** Channels of a tensor, with their height and width: the last two axes, or of fewer axes a line. */
export function planesOf(shape: readonly number[]): { channels: number; height: number; width: number } {
  const product = (sizes: readonly number[]) => sizes.reduce((a, b) => a * b, 1)
  const sizes = shape.filter((d, i) => d !== 1 || i >= shape.length - 2)
  if (shape.length >= 3) {
    const [height = 1, width = 1] = shape.slice(-2)
    // Values per channel alone are a line of channels.
    if (height === 1 && width === 1) return lineOf(product(shape))
    return { channels: product(shape.slice(0, -2)), height, width }
  }
  return sizes.length === 2 ? { channels: 1, height: sizes[0]!, width: sizes[1]! } : lineOf(product(shape))
}

/** A line of values, broken where it is long. */
const lineOf = (count: number) =>
  count <= longestLine
    ? { channels: 1, height: 1, width: count }
    : { channels: 1, height: Math.ceil(count / longestLine), width: longestLine }

const kindsOf = (shape: readonly number[], channels: number): MapKind[] => {
  if (shape.length !== 4 || shape[0] !== 1) return ['maps']
  if (channels === 1 || channels === 3) return ['picture', 'maps']
  return channels <= mostClasses ? ['maps', 'largest'] : ['maps']
}

/** @returns undefined where the maps are too large to be drawn */
export function mapsOf(tensor: HostTensor, wish: MapWish): Maps | undefined {
  const { shape } = tensor
  const values = tensor.data instanceof Float32Array ? tensor.data : hostValues(tensor)
  const planes = planesOf(shape)
  const { channels, height, width } = planes
  const kinds = kindsOf(shape, channels)
  const kind = kinds.includes(wish.kind) ? wish.kind : kinds[0]!
  const range = rangeOf(values)
  const told = { size: [height, width] as const, channels, range, kinds }
  if (height * width > mostPixels || height * width === 0) return undefined
  if (kind !== 'maps') {
    const pixels = kind === 'picture' ? picture(values, planes, range) : largest(values, planes)
    return { ...told, pixels, columns: 1, shown: 1 }
  }
  const fitting = Math.floor(mostPixels / ((height + 1) * (width + 1)))
  const shown = Math.max(1, Math.min(wish.most, channels - wish.first, fitting))
  const columns = Math.max(1, Math.ceil(Math.sqrt((shown * (height + 1)) / (width + 1))))
  const pixels = new Pixels(columns * (width + 1) - 1, Math.ceil(shown / columns) * (height + 1) - 1)
  for (let map = 0; map < shown; map++) {
    const from = (wish.first + map) * height * width
    const own = wish.each ? rangeOf(values, from, from + height * width) : range
    const [left, top] = [(map % columns) * (width + 1), Math.floor(map / columns) * (height + 1)]
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const at = from + y * width + x
        if (at < values.length) pixels.set(left + x, top + y, colourOf(values[at]!, own))
      }
  }
  return { ...told, pixels, columns, shown }
}

type Planes = ReturnType<typeof planesOf>

/** Of one or three channels, from black to white. Values from 0 to 1 and from 0 to 255 are taken for what they are; others span what there is. */
function picture(
  values: ArrayLike<number>,
  { channels, height, width }: Planes,
  [least, most]: readonly [number, number],
) {
  const [low, high] =
    least >= 0 && most <= 1 ? [0, 1] : least >= 0 && most <= 255 && most > 2 ? [0, 255] : [least, most]
  const grey = (value: number) => (255 * (value - low)) / (high - low || 1)
  const pixels = new Pixels(width, height)
  const plane = height * width
  for (let i = 0; i < plane; i++) {
    const at = (c: number) => grey(values[channels === 3 ? c * plane + i : i]!)
    pixels.set(i % width, Math.floor(i / width), [at(0), at(1), at(2)])
  }
  return pixels
}

/** The channel with the largest value at each place. */
function largest(values: ArrayLike<number>, { channels, height, width }: Planes): Pixels {
  const pixels = new Pixels(width, height)
  const plane = height * width
  for (let i = 0; i < plane; i++) {
    let best = 0
    for (let c = 1; c < channels; c++) if (values[c * plane + i]! > values[best * plane + i]!) best = c
    pixels.set(i % width, Math.floor(i / width), classColour(best))
  }
  return pixels
}
