import { check, type ImageShape, type Step, type TransformOf } from './step.ts'

/** Exchanges the first and the last channel for `bgr`. */
export function channelsStep(transform: TransformOf<'channels'>, shape: ImageShape): Step {
  const { order } = transform
  const [channels, height, width] = shape
  check(order === 'rgb' || order === 'bgr', transform, `order ${order} is neither rgb nor bgr`)
  check(order === 'rgb' || channels === 3, transform, `bgr is for images of 3 channels, these have ${channels}`)
  const area = height * width
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
