// Pixels whose channels lie in several places, put together for a block of output pixels of a 1×1 convolution: what would be copied as a whole
// otherwise stays in the cache.

import { moveRun } from './layout'
import { scatter } from './shuffle'
import { ConvF32, convTileRows, runBytes } from './table.generated'

/** Of the table of runs. */
@unmanaged
class Run {
  address: usize
  pixel: i32
  count: i32
  at: i32
  step: i32
}

/** Gathers what lies under `count` output pixels (a multiple of the tile's height) from `first`, and writes their table; pixels beyond the end repeat the last. */
export function gatherBlock(args: ConvF32, table: usize, first: i32, count: i32, pixels: i32): void {
  const outHeight = args.outHeight
  const outWidth = args.outWidth
  const end = args.runs + runBytes * <usize>args.runCount
  const pixelBytes = 4 * <usize>(args.channels * args.groups)
  const tileBytes = <usize>(4 * convTileRows * 2)
  let ox = first % outWidth
  let oy = (first / outWidth) % outHeight
  let image = first / (outWidth * outHeight)
  let to = table + <usize>args.gathered
  for (let i = 0; i < count; i++) {
    const entry = table + tileBytes * (i / convTileRows) + 4 * (i % convTileRows)
    store<i32>(entry, args.y + image * args.yImage + oy * args.yRow + ox * args.yPixel)
    if (first + i < pixels) {
      const pixel = (image * args.inHeight + oy * args.strideHeight) * args.inWidth + ox * args.strideWidth
      for (let at = args.runs; at < end; at += runBytes) {
        const run = changetype<Run>(at)
        const x = run.address + <usize>(pixel * run.pixel)
        const step = run.step
        if (step === 1) moveRun(x, to + 4 * <usize>run.at, run.count)
        else scatter(x, to + 4 * <usize>run.at, run.count, 4 * <usize>step)
      }
      store<i32>(entry, to, 4 * convTileRows)
      to += pixelBytes
    } else store<i32>(entry, to - pixelBytes, 4 * convTileRows)
    if (first + i + 1 < pixels) {
      if (++ox === outWidth) {
        ox = 0
        if (++oy === outHeight) {
          oy = 0
          image++
        }
      }
    }
  }
}
