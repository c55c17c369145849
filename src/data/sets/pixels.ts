import type { ImageSet, SharedImages, SkippedImage } from '../types.ts'

/** Pixels of images, [C, H, W] each, one after the other; in one block, or in several. */
export interface PixelBlocks {
  readonly blocks: readonly Uint8Array[]
  /** How many images each block but the last holds. */
  readonly imagesPerBlock: number
}

export interface PixelSetOptions {
  readonly classes: readonly string[]
  readonly shape: readonly [channels: number, height: number, width: number]
  readonly labels: Int32Array
  readonly pixels: PixelBlocks
  readonly skipped?: readonly SkippedImage[]
}

/** A set of images whose bytes are in memory. */
export function pixelSet({ classes, shape, labels, pixels, skipped = [] }: PixelSetOptions): ImageSet {
  const [channels, height, width] = shape
  const elements = channels * height * width
  const bytes = pixels.blocks.reduce((sum, block) => sum + block.length, 0)
  let held = pixels
  let shared: SharedImages | undefined
  return {
    classes,
    channels,
    height,
    width,
    count: labels.length,
    labels,
    skipped,
    bytes,
    share() {
      if (shared) return shared
      const together = new Uint8Array(new SharedArrayBuffer(bytes))
      let at = 0
      for (const block of held.blocks) {
        together.set(block, at)
        at += block.length
      }
      held = oneBlock(together, labels.length)
      shared = { classes, shape, labels, pixels: together }
      return shared
    },
    read(index, into) {
      const block = held.blocks[Math.floor(index / held.imagesPerBlock)]!
      const start = (index % held.imagesPerBlock) * elements
      for (let i = 0; i < elements; i++) into[i] = block[start + i]! / 255
    },
  }
}

/** One block with all images. */
export const oneBlock = (pixels: Uint8Array, count: number): PixelBlocks => ({
  blocks: [pixels],
  imagesPerBlock: Math.max(1, count),
})

/**
 * An image from [H, W, C], as decoders give them, to [C, H, W].
 * @param into of any length: the image starts in it at `at`
 */
export function toPlanes<T extends Uint8Array | Float32Array>(from: T, channels: number, into: T, at = 0): T {
  const area = from.length / channels
  for (let c = 0; c < channels; c++) for (let i = 0; i < area; i++) into[at + c * area + i] = from[i * channels + c]!
  return into
}
