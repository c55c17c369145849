import type { Transform } from '../types.ts'
import { check, type ImageShape, type Step, type TransformOf } from './step.ts'

/** Pillow's luma (ITU-R 601-2) of a pixel, bytes in and out. It is exact for grey: its weights sum to 65536. */
export const luma = (red: number, green: number, blue: number): number =>
  (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16

/**
 * Exchanges the first and the last channel for `bgr`; makes one of three for `grey`, which grey images are already.
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
  check(order !== 'bgr' || channels === 3, transform, `bgr is for images of 3 channels, these have ${channels}`)
  const area = height * width
  if (order === 'grey') {
    check(channels === 1 || channels === 3, transform, `grey is for images of 3 or 1 channels, these have ${channels}`)
    check(!earlier.some((t) => t.kind === 'normalise'), transform, 'grey comes before normalise, of pixels from 0 to 1')
    return {
      shape: [1, height, width],
      run(from, into, { count }) {
        if (channels === 1) return
        const byte = (i: number) => Math.round(255 * from[i]!)
        for (let i = 0; i < count; i++)
          for (let at = 0, x = 3 * i * area; at < area; at++, x++)
            into[i * area + at] = luma(byte(x), byte(x + area), byte(x + 2 * area)) / 255
      },
    }
  }
  return {
    shape,
    run(images, _, { count }) {
      if (order === 'rgb') return
      for (let i = 0; i < count; i++) {
        const red = images.slice(3 * i * area, (3 * i + 1) * area)
        images.copyWithin(3 * i * area, (3 * i + 2) * area, (3 * i + 3) * area)
        images.set(red, (3 * i + 2) * area)
      }
    },
  }
}
