// Which input pixels lie under the window of each output pixel: what makes one loop do for every kernel size, stride, dilation and padding.

import { convTileRows, Indirect } from './table.generated'

/** Writes the table for `count` output pixels (a multiple of the tile's height) from `first`; pixels beyond the end repeat the last. */
export function writeTable(args: Indirect, table: usize, first: i32, count: i32, pixels: i32): void {
  const x = args.x
  const zeros = args.zeros
  const y = args.y
  const inHeight = args.inHeight
  const inWidth = args.inWidth
  const inPixel = args.inPixel
  const outHeight = args.outHeight
  const outWidth = args.outWidth
  const yPixel = args.yPixel
  const yRow = args.yRow
  const yImage = args.yImage
  const kernelHeight = args.kernelHeight
  const kernelWidth = args.kernelWidth
  const strideHeight = args.strideHeight
  const strideWidth = args.strideWidth
  const dilationHeight = args.dilationHeight
  const dilationWidth = args.dilationWidth
  const padTop = args.padTop
  const padLeft = args.padLeft
  const tileBytes = <usize>(4 * convTileRows * (1 + kernelHeight * kernelWidth))

  let ox = first % outWidth
  let oy = (first / outWidth) % outHeight
  let image = first / (outWidth * outHeight)
  for (let i = 0; i < count; i++) {
    let entry = table + tileBytes * (i / convTileRows) + 4 * (i % convTileRows)
    store<i32>(entry, y + image * yImage + oy * yRow + ox * yPixel)
    const top = image * inHeight
    for (let ky = 0; ky < kernelHeight; ky++) {
      const iy = oy * strideHeight - padTop + ky * dilationHeight
      const inside = <u32>iy < <u32>inHeight
      const row = x + (top + iy) * inWidth * inPixel
      let ix = ox * strideWidth - padLeft
      for (let kx = 0; kx < kernelWidth; kx++) {
        entry += 4 * convTileRows
        store<i32>(entry, inside && <u32>ix < <u32>inWidth ? row + ix * inPixel : zeros)
        ix += dilationWidth
      }
    }
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
