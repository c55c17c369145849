import type { Transform } from '../data/index.ts'
import type { ImageLayout } from '../graph/index.ts'
import type { Preprocessing } from './preprocessing.ts'

/*
 * The same thing for data sets: there pixels are 0 to 1 and axes [C, H, W], and what happens to them is a list of transforms.
 * (pixel · scale − mean) ÷ std with pixel = 255 · x is (x − mean ÷ s) ÷ (std ÷ s), s = 255 · scale.
 */

/** What images of a set go through on their way to a network that takes them so. */
export function transformsOf({
  resize,
  fit,
  border,
  crop,
  channels,
  order,
  scale,
  mean,
  std,
}: Preprocessing): Transform[] {
  const s = 255 * scale
  const [means, deviations] = [mean.map((m) => m / s), std.map((d) => d / s)]
  const isNeutral = means.every((m) => m === 0) && deviations.every((d) => d === 1)
  return [
    ...(resize
      ? [
          {
            kind: 'resize' as const,
            size: resize,
            ...(fit === 'fill' ? {} : { fit }),
            ...(border > 0 ? { border } : {}),
          },
        ]
      : []),
    ...(crop ? [{ kind: 'centreCrop' as const, size: crop }] : []),
    { kind: 'channels', order: channels === 1 ? 'grey' : order },
    ...(isNeutral ? [] : [{ kind: 'normalise' as const, mean: means, deviation: deviations }]),
  ]
}

/**
 * What a network that was trained with these transforms takes; what is random in training has no part in it. Of several resizes the last one counts.
 * @param shape [C, H, W] of the set's images: the size, where no transform makes one
 * @param transforms in order, as the loader was given them
 * @param layout of the network's input; NCHW by default
 */
export function preprocessingOf(
  transforms: readonly Transform[],
  shape: readonly [channels: number, height: number, width: number],
  layout: ImageLayout = 'NCHW',
): Preprocessing {
  const channels = shape[0] === 1 ? 1 : 3
  let made: Preprocessing = {
    fit: 'fill',
    border: 0,
    channels,
    order: 'rgb',
    layout,
    scale: 1 / 255,
    mean: new Array<number>(channels).fill(0),
    std: new Array<number>(channels).fill(1),
  }
  for (const transform of transforms) made = after(made, transform)
  return made.resize || made.crop ? made : { resize: [shape[1], shape[2]], ...made }
}

const sides = (size: number | readonly [number, number]): readonly [number, number] =>
  typeof size === 'number' ? [size, size] : size

function after(before: Preprocessing, transform: Transform): Preprocessing {
  switch (transform.kind) {
    case 'resize':
      return {
        ...before,
        resize: sides(transform.size),
        fit: transform.fit ?? 'fill',
        border: transform.border ?? 0,
        crop: undefined,
      }
    case 'centreCrop':
      return { ...before, crop: sides(transform.size) }
    case 'channels':
      // It stands before any mean and deviation.
      if (transform.order === 'grey') return { ...before, channels: 1, order: 'rgb', mean: [0], std: [1] }
      return transform.order === 'rgb' ? inColours(before) : exchanged(inColours(before))
    case 'normalise': {
      // ((x − m) ÷ d − n) ÷ e = (x − (m + d · n)) ÷ (d · e)
      const { mean, std } = before
      const of = (values: readonly number[], c: number) => values[values.length === 1 ? 0 : c]!
      return {
        ...before,
        mean: mean.map((m, c) => m + std[c]! * of(transform.mean, c)),
        std: std.map((d, c) => d * of(transform.deviation, c)),
      }
    }
    default:
      return before
  }
}

/** Grey in three channels, all the same. */
const inColours = (before: Preprocessing): Preprocessing => {
  const { channels, mean, std } = before
  const each = (values: readonly number[]) => new Array<number>(3).fill(values[0]!)
  return channels === 3 ? before : { ...before, channels: 3, mean: each(mean), std: each(std) }
}

const exchanged = (before: Preprocessing): Preprocessing => ({
  ...before,
  order: before.order === 'rgb' ? 'bgr' : 'rgb',
  mean: before.mean.toReversed(),
  std: before.std.toReversed(),
})
