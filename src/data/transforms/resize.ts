import { type Resampling, resampleAxis, resampleBytes, resampling } from './resample.ts'
import { check, elementsOf, type ImageShape, isCount, type Step, type TransformOf } from './step.ts'

/** [height, width] that a resize makes. @throws KerfError `bad-transform` */
export function sizeOf(transform: TransformOf<'resize'>): readonly [height: number, width: number] {
  const { size } = transform
  const [height, width] = typeof size === 'number' ? [size, size] : size
  check(isCount(height) && isCount(width), transform, `size ${size} is not a number of pixels`)
  return [height, width]
}

/** Rows first, then columns, as Pillow; an axis whose size stays is left as it is. */
export function resizeStep(transform: TransformOf<'resize'>, [channels, height, width]: ImageShape): Step {
  const [toHeight, toWidth] = sizeOf(transform)
  const shape: ImageShape = [channels, toHeight, toWidth]
  const across = toWidth === width ? undefined : resampling(width, toWidth)
  const down = toHeight === height ? undefined : resampling(height, toHeight)
  const between = new Float32Array(across && down ? channels * height * toWidth : 0)
  const inSize = elementsOf([channels, height, width])
  const outSize = elementsOf(shape)
  return {
    shape,
    run(from, into, { count }) {
      if (!across && !down) return
      for (let i = 0; i < count; i++) {
        const source = from.subarray(i * inSize, (i + 1) * inSize)
        const target = into.subarray(i * outSize, (i + 1) * outSize)
        if (across) resampleAxis(source, down ? between : target, channels * height, 1, across)
        if (down) resampleAxis(across ? between : source, target, channels, toWidth, down)
      }
    },
  }
}

/** Resizes images of bytes exactly as Pillow does, keeping what it needs between images of one size. */
export class ByteResizer {
  readonly #size: readonly [height: number, width: number]
  readonly #known = new Map<string, Resampling>()

  constructor(size: readonly [height: number, width: number]) {
    this.#size = size
  }

  /** @param pixels [C, H, W]; returned as it is where the size is right */
  resize(pixels: Uint8Array, [channels, height, width]: ImageShape): Uint8Array {
    const [toHeight, toWidth] = this.#size
    let bytes = pixels
    if (toWidth !== width) {
      const into = new Uint8ClampedArray(channels * height * toWidth)
      resampleBytes(bytes, into, channels * height, 1, this.#between(width, toWidth))
      bytes = new Uint8Array(into.buffer)
    }
    if (toHeight !== height) {
      const into = new Uint8ClampedArray(channels * toHeight * toWidth)
      resampleBytes(bytes, into, channels, toWidth, this.#between(height, toHeight))
      bytes = new Uint8Array(into.buffer)
    }
    return bytes
  }

  #between(inSize: number, outSize: number): Resampling {
    const key = `${inSize} ${outSize}`
    const known = this.#known.get(key) ?? resampling(inSize, outSize)
    // Folders of photographs have few sizes; where each has its own, keeping them all would only take memory.
    if (this.#known.size < 64) this.#known.set(key, known)
    return known
  }
}
