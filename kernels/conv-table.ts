// Which input pixels lie under the window of each output pixel: what makes one loop do for every kernel size, stride, dilation and padding.

import { convTileRows, Indirect } from './table.generated'

/** Entries of neighbouring pixels from `first` to before `end`, which lie in fours: `value`, and `step` more for each. */
function putEntries(entries: usize, tileBytes: usize, first: i32, end: i32, value: i32, step: i32): void {
  let i = first
  for (; i < end && i % convTileRows !== 0; i++) {
    store<i32>(entries + tileBytes * (i / convTileRows) + 4 * (i % convTileRows), value)
    value += step
  }
  const turn = i32x4(0, 1, 2, 3)
  let some = i32x4.add(i32x4.splat(value), i32x4.mul(turn, i32x4.splat(step)))
  const next = i32x4.splat(convTileRows * step)
  let to = entries + tileBytes * (i / convTileRows)
  for (; i + convTileRows <= end; i += convTileRows) {
    v128.store(to, some)
    some = i32x4.add(some, next)
    to += tileBytes
  }
  value = i32x4.extract_lane(some, 0)
  for (; i < end; i++) {
    store<i32>(to, value)
    to += 4
    value += step
  }
}

/** How many of `count` pixels, `step` apart, lie before a place `way` from the first. */
// @inline
function pixelsBefore(way: i32, step: i32, count: i32): i32 {
  return way <= 0 ? 0 : min(count, (way + step - 1) / step)
}

/**
 * Writes the table for `count` output pixels (a multiple of the tile's height) from `first`; pixels beyond the end repeat the last. Pixels of a line go together:
 * their addresses are evenly apart.
 */
export function writeTable(args: Indirect, table: usize, first: i32, count: i32, pixels: i32): void {
  const zeros = args.zeros
  const inHeight = args.inHeight
  const inWidth = args.inWidth
  const inPixel = args.inPixel
  const outHeight = args.outHeight
  const outWidth = args.outWidth
  const kernelHeight = args.kernelHeight
  const kernelWidth = args.kernelWidth
  const stride = args.strideWidth
  const tileBytes = <usize>(4 * convTileRows * (1 + kernelHeight * kernelWidth))
  const there = min(count, pixels - first)

  let ox = first % outWidth
  let line = first / outWidth
  for (let i = 0; i < there; ) {
    const image = line / outHeight
    const oy = line % outHeight
    const some = min(there - i, outWidth - ox)
    const end = i + some
    putEntries(table, tileBytes, i, end, args.y + image * args.yImage + oy * args.yRow + ox * args.yPixel, args.yPixel)
    let entries = table
    let iy = oy * args.strideHeight - args.padTop
    for (let ky = 0; ky < kernelHeight; ky++) {
      const inside = <u32>iy < <u32>inHeight
      const row = args.x + (image * inHeight + iy) * inWidth * inPixel
      let ix = ox * stride - args.padLeft
      for (let kx = 0; kx < kernelWidth; kx++) {
        const before = inside ? pixelsBefore(-ix, stride, some) : some
        const behind = i + (inside ? pixelsBefore(inWidth - ix, stride, some) : some)
        const from = i + before
        entries += 4 * convTileRows
        putEntries(entries, tileBytes, i, from, zeros, 0)
        putEntries(entries, tileBytes, from, behind, row + (ix + before * stride) * inPixel, stride * inPixel)
        putEntries(entries, tileBytes, behind, end, zeros, 0)
        ix += args.dilationWidth
      }
      iy += args.dilationHeight
    }
    i = end
    ox = 0
    line++
  }
  const last = table + tileBytes * ((there - 1) / convTileRows) + 4 * ((there - 1) % convTileRows)
  for (let t: usize = 0; t < tileBytes; t += 4 * convTileRows) putEntries(table + t, tileBytes, there, count, load<i32>(last + t), 0)
}
