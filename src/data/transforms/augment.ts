import type { Random } from '../../base/index.ts'
import { check, type ImageShape, isCount, type Step, type TransformOf } from './step.ts'

/* The random transforms of single images; each image has numbers of its own. */

/**
 * Pads with zeros and cuts the size that was there: the image moves by up to `padding` pixels in both directions, and zeros come in.
 */
export function cropStep(transform: TransformOf<'crop'>, shape: ImageShape): Step {
  const { padding } = transform
  check(isCount(padding), transform, `padding ${padding} is not a number of pixels`)
  const [channels, height, width] = shape
  return {
    shape,
    run(images, _, { count, random }) {
      for (let i = 0; i < count; i++) {
        const down = random.below(2 * padding + 1) - padding
        const right = random.below(2 * padding + 1) - padding
        for (let c = 0; c < channels; c++) {
          const start = (i * channels + c) * height * width
          movePlane(images.subarray(start, start + height * width), height, width, down, right)
        }
      }
    },
  }
}

/** pixel (y, x) becomes pixel (y + down, x + right), in place; what came from outside is 0. */
function movePlane(plane: Float32Array, height: number, width: number, down: number, right: number): void {
  const kept = Math.max(0, width - Math.abs(right))
  for (let step = 0; step < height; step++) {
    // A row is read before it is written over.
    const y = down > 0 ? height - 1 - step : step
    const row = plane.subarray(y * width, (y + 1) * width)
    const from = y - down
    if (from < 0 || from >= height || kept === 0) {
      row.fill(0)
      continue
    }
    const source = from * width + Math.max(0, -right)
    plane.copyWithin(y * width + Math.max(0, right), source, source + kept)
    if (right > 0) row.fill(0, 0, right)
    else row.fill(0, kept)
  }
}

export function flipStep(transform: TransformOf<'flip'>, shape: ImageShape): Step {
  const { probability } = transform
  check(probability >= 0 && probability <= 1, transform, `probability ${probability} is not within 0..1`)
  const [channels, height, width] = shape
  const rows = channels * height
  return {
    shape,
    run(images, _, { count, random }) {
      for (let i = 0; i < count; i++) {
        if (random.uniform() >= probability) continue
        for (let r = 0; r < rows; r++) {
          const start = (i * rows + r) * width
          images.subarray(start, start + width).reverse()
        }
      }
    },
  }
}

/**
 * A square of zeros whose centre is anywhere in the image, so that it may lie outside in part. Before normalise the zeros are black, after
 * it they are the mean. Source: DeVries and Taylor, Improved regularization of convolutional neural networks with cutout (2017).
 */
export function cutoutStep(transform: TransformOf<'cutout'>, shape: ImageShape): Step {
  const { size } = transform
  const [channels, height, width] = shape
  check(isCount(size), transform, `size ${size} is not a number of pixels`)
  check(
    size <= Math.max(height, width),
    transform,
    `a square of ${size} pixels is larger than the image of ${height} × ${width}`,
  )
  const span = (length: number, random: Random) => {
    const start = random.below(length) - Math.floor(size / 2)
    return [Math.max(0, start), Math.min(length, start + size)] as const
  }
  return {
    shape,
    run(images, _, { count, random }) {
      for (let i = 0; i < count; i++) {
        const [top, bottom] = span(height, random)
        const [left, right] = span(width, random)
        for (let c = 0; c < channels; c++)
          for (let y = top; y < bottom; y++) {
            const row = ((i * channels + c) * height + y) * width
            images.fill(0, row + left, row + right)
          }
      }
    },
  }
}
