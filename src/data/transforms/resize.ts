import { isSameSize, place, placementOf } from './geometry.ts'
import { type Resampling, resampleAxis, resampleBytes, resampling } from './resample.ts'
import { elementsOf, type ImageShape, type Step, type TransformOf } from './step.ts'

/** Rows first, then columns, as Pillow; an axis whose size stays is left as it is. */
export function resizeStep(transform: TransformOf<'resize'>, [channels, height, width]: ImageShape): Step {
  const placement = placementOf(transform, [height, width])
  const [toHeight, toWidth] = placement.resized
  const across = toWidth === width ? undefined : resampling(width, toWidth)
  const down = toHeight === height ? undefined : resampling(height, toHeight)
  const moves = !isSameSize(placement.resized, placement.size)
  const between = new Float32Array(across && down ? channels * height * toWidth : 0)
  const resized = new Float32Array(moves && (across || down) ? channels * toHeight * toWidth : 0)
  const shape: ImageShape = [channels, ...placement.size]
  const inSize = elementsOf([channels, height, width])
  const outSize = elementsOf(shape)
  return {
    shape,
    run(from, into, { count }) {
      if (!across && !down && !moves) return
      for (let i = 0; i < count; i++) {
        const source = from.subarray(i * inSize, (i + 1) * inSize)
        const result = into.subarray(i * outSize, (i + 1) * outSize)
        const target = moves ? resized : result
        if (across) resampleAxis(source, down ? between : target, channels * height, 1, across)
        if (down) resampleAxis(across ? between : source, target, channels, toWidth, down)
        if (moves) place(across || down ? resized : source, result, channels, placement, placement.border / 255)
      }
    },
  }
}

/** Resizes or crops images of bytes exactly as Pillow does, keeping what it needs between images of one size. */
export class ByteResizer {
  readonly #transform: TransformOf<'resize'> | TransformOf<'centreCrop'>
  readonly #known = new Map<string, Resampling>()

  constructor(transform: TransformOf<'resize'> | TransformOf<'centreCrop'>) {
    this.#transform = transform
  }

  /**
   * @param pixels [C, H, W]
   * @returns the image in its new size; where that is the one it has, `pixels` as they are
   */
  resize(pixels: Uint8Array, [channels, height, width]: ImageShape): { pixels: Uint8Array; shape: ImageShape } {
    const placement = placementOf(this.#transform, [height, width])
    const [toHeight, toWidth] = placement.resized
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
    const shape: ImageShape = [channels, ...placement.size]
    if (!isSameSize(placement.resized, placement.size))
      bytes = place(bytes, new Uint8Array(elementsOf(shape)), channels, placement, Math.round(placement.border))
    return { pixels: bytes, shape }
  }

  #between(inSize: number, outSize: number): Resampling {
    const key = `${inSize} ${outSize}`
    const known = this.#known.get(key) ?? resampling(inSize, outSize)
    // Folders of photographs have few sizes; where each has its own, keeping them all would only take memory.
    if (this.#known.size < 64) this.#known.set(key, known)
    return known
  }
}
