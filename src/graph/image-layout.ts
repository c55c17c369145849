import type { Shape } from '../base/index.ts'

/*
 * How the axes of images lie in a network's input: PyTorch's exports have channels, height, width; TensorFlow's height, width, channels.
 */

/** How the axes of images lie in a network's input: channels first, as PyTorch exports, or last, as TensorFlow does. */
export type ImageLayout = 'NCHW' | 'NHWC'

/** From [N, C, H, W] to the layout. */
export const axesOf: Readonly<Record<ImageLayout, readonly number[]>> = { NCHW: [0, 1, 2, 3], NHWC: [0, 2, 3, 1] }

/**
 * The layout in which an input takes images of a shape; undefined where it takes them in none.
 * @param declared the input's shape; sizes that it leaves open take any. The batch is not compared.
 * @param images [N, C, H, W]
 */
export function imageLayoutOf(declared: Shape, images: readonly number[]): ImageLayout | undefined {
  if (declared.length !== 4 || images.length !== 4) return undefined
  const layouts: readonly ImageLayout[] = ['NCHW', 'NHWC']
  return layouts.find((layout) =>
    declared.every((d, i) => i === 0 || typeof d !== 'number' || d === images[axesOf[layout][i]!]),
  )
}
