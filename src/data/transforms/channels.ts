import type { Transform } from '../types.ts'
import { check, type ImageShape, type Step, type TransformOf } from './step.ts'

/**
 * Pillow's luma (ITU-R 601-2) of a pixel, bytes in and out. It is exact for grey: its weights sum to 65536.
 * @param red a byte, as are the others
 * @param green weighs most
 * @param blue weighs least
 */
export const luma = (red: number, green: number, blue: number): number =>
  (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16

/**
 * Exchanges the first and the last channel for `bgr`; makes one of three for `grey`, which grey images are already; and three of one for the others.
 * @param earlier transforms in front of it
 */
export function channelsStep(
  transform: TransformOf<'channels'>,
  shape: ImageShape,
  earlier: readonly Transform[] = [],
): Step {
  const { order } = transform
  const [channels, height, width] = shape
  check(['rgb', 'bgr', 'grey'].includes(order), transform, `order ${order} is neither rgb, bgr nor grey`)
  check(
    channels === 1 || channels === 3,
    transform,
    `${order} is for images of 3 or 1 channels, these have ${channels}`,
  )
  const isNormalised = earlier.some((t) => t.kind === 'normalise')
  check(order !== 'grey' || !isNormalised, transform, 'grey comes before normalise, of pixels from 0 to 1')
  const area = height * width
  if (order === 'grey')
    return { shape: [1, height, width], run: channels === 1 ? asTheyAre : (...of) => toGrey(area, ...of) }
  if (channels === 1) return { shape: [3, height, width], run: (...of) => repeated(area, ...of) }
  return { shape, run: order === 'rgb' ? asTheyAre : (...of) => exchanged(area, ...of) }
}

type Run = Step['run']
const asTheyAre: Run = () => {}

function toGrey(area: number, ...[from, into, { count }]: Parameters<Run>): void {
  const byte = (i: number) => Math.round(255 * from[i]!)
  for (let i = 0; i < count; i++)
    for (let at = 0, x = 3 * i * area; at < area; at++, x++)
      into[i * area + at] = luma(byte(x), byte(x + area), byte(x + 2 * area)) / 255
}

/** Every plane three times. */
function repeated(area: number, ...[from, into, { count }]: Parameters<Run>): void {
  for (let plane = 0; plane < 3 * count; plane++) {
    const grey = Math.floor(plane / 3) * area
    into.set(from.subarray(grey, grey + area), plane * area)
  }
}

function exchanged(area: number, ...[images, , { count }]: Parameters<Run>): void {
  for (let i = 0; i < count; i++) {
    const red = images.slice(3 * i * area, (3 * i + 1) * area)
    images.copyWithin(3 * i * area, (3 * i + 2) * area, (3 * i + 3) * area)
    images.set(red, (3 * i + 2) * area)
  }
}
