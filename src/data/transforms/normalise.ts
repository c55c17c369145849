import { check, type ImageShape, type Step, type TransformOf } from './step.ts'

/** Of a channel; one value is that of all. */
const ofChannel = (values: readonly number[], channel: number): number => values[values.length === 1 ? 0 : channel]!

/** (x − mean) / deviation, per channel. */
export function normaliseStep(transform: TransformOf<'normalise'>, shape: ImageShape): Step {
  const { mean, deviation } = transform
  const [channels, height, width] = shape
  for (const [name, values] of Object.entries({ mean, deviation }))
    check(
      values.length === channels || values.length === 1,
      transform,
      `${name} has ${values.length} values for images of ${channels} ${channels === 1 ? 'channel' : 'channels'}`,
    )
  check(mean.every(Number.isFinite), transform, `mean ${mean} has a value that is not a number`)
  check(
    deviation.every((d) => d > 0 && d < Infinity),
    transform,
    `deviation ${deviation} has a value that is not greater than 0`,
  )
  const area = height * width
  return {
    shape,
    run(images, _, { count }) {
      for (let plane = 0; plane < count * channels; plane++) {
        const c = plane % channels
        const [m, d] = [ofChannel(mean, c), ofChannel(deviation, c)]
        for (let at = plane * area; at < (plane + 1) * area; at++) images[at] = (images[at]! - m) / d
      }
    },
  }
}
