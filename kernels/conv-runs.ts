// Pixels whose channels lie in several places, put together for a block of output pixels of a 1×1 convolution: what would be copied as a whole
// otherwise stays in the cache.

import { moveRun } from './layout'
import { scatter } from './shuffle'
import { CodesConv, ConvF32, convTileRows, Indirect, runBytes } from './table.generated'

/** Of the table of runs. */
@unmanaged
class Run {
  address: usize
  pixel: i32
  count: i32
  at: i32
  step: i32
}

/**
 * Gathers what lies under `count` output pixels (a multiple of the tile's height) from `first`, and writes their table; pixels beyond the end repeat the last.
 * @param size bytes of a channel: 4 or 1 @param channels of x @param gathered where pixels are put together
 */
// biome-ignore format: as below
function gather(
  args: Indirect,
  size: i32,
  runs: usize,
  runCount: i32,
  channels: i32,
  table: usize,
  gathered: usize,
  first: i32,
  count: i32,
  pixels: i32,
): void {
  const outHeight = args.outHeight
  const outWidth = args.outWidth
  const end = runs + runBytes * <usize>runCount
  const pixelBytes = <usize>(size * channels)
  const tileBytes = <usize>(4 * convTileRows * 2)
  let ox = first % outWidth
  let oy = (first / outWidth) % outHeight
  let image = first / (outWidth * outHeight)
  let to = gathered
  for (let i = 0; i < count; i++) {
    const entry = table + tileBytes * (i / convTileRows) + 4 * (i % convTileRows)
    store<i32>(entry, args.y + image * args.yImage + oy * args.yRow + ox * args.yPixel)
    if (first + i < pixels) {
      const pixel = (image * args.inHeight + oy * args.strideHeight) * args.inWidth + ox * args.strideWidth
      for (let at = runs; at < end; at += runBytes) {
        const run = changetype<Run>(at)
        const x = run.address + <usize>(pixel * run.pixel)
        const y = to + <usize>(size * run.at)
        const step = run.step
        if (size === 4) {
          if (step === 1) moveRun(x, y, run.count)
          else scatter(x, y, run.count, 4 * <usize>step)
        } else moveBytes(x, y, run.count, step)
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

/** Bytes that lie side by side to places `step` apart. */
function moveBytes(x: usize, y: usize, count: i32, step: i32): void {
  if (step !== 1) {
    for (; count > 0; count--) {
      store<u8>(y, load<u8>(x))
      x++
      y += step
    }
    return
  }
  for (; count >= 16; count -= 16) {
    v128.store(y, v128.load(x))
    x += 16
    y += 16
  }
  for (; count >= 4; count -= 4) {
    store<u32>(y, load<u32>(x))
    x += 4
    y += 4
  }
  for (; count > 0; count--) {
    store<u8>(y, load<u8>(x))
    x++
    y++
  }
}

/** `gather` for floats. */
// biome-ignore format: what belongs together stands together
export function gatherBlock(args: ConvF32, table: usize, first: i32, count: i32, pixels: i32): void {
  gather(args, 4, args.runs, args.runCount, args.channels * args.groups, table, table + <usize>args.gathered, first, count, pixels)
}

/** `gather` for bytes. */
// biome-ignore format: as above
export function gatherBytes(args: CodesConv, table: usize, first: i32, count: i32, pixels: i32): void {
  gather(args, 1, args.runs, args.runCount, args.groupStep * args.groups, table, table + <usize>args.gathered, first, count, pixels)
}
