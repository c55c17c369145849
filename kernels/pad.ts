// A copy of an NHWC tensor with a border.

import { shareStart } from './sync'
import { PadF32, RepeatChannelsF32 } from './table.generated'

export function padF32(args: PadF32, thread: i32, threads: i32): void {
  const x = args.x
  const y = args.y
  const batch = args.batch
  const height = args.height
  const pixelBytes = <usize>args.pixelBytes
  const inBytes = pixelBytes * args.width
  const outHeight = args.outHeight
  const outBytes = pixelBytes * args.outWidth
  const padTop = args.padTop
  const border = <u8>args.border
  const before = min(pixelBytes * args.padLeft, outBytes)
  // The window may end before the input does.
  const copied = min(inBytes, outBytes - before)

  const rows = batch * outHeight
  const end = shareStart(rows, 1, thread + 1, threads)
  for (let r = shareStart(rows, 1, thread, threads); r < end; r++) {
    const to = y + outBytes * r
    const row = (r % outHeight) - padTop
    if (<u32>row >= <u32>height) memory.fill(to, border, outBytes)
    else {
      memory.fill(to, border, before)
      memory.copy(to + before, x + inBytes * ((r / outHeight) * height + row), copied)
      memory.fill(to + before + copied, border, outBytes - before - copied)
    }
  }
}

export function repeatChannelsF32(args: RepeatChannelsF32, thread: i32, threads: i32): void {
  const times = args.times
  const values = args.pixels * args.channels
  const first = shareStart(values, 16, thread, threads)
  let x = args.x + 4 * <usize>first
  let y = args.y + 4 * <usize>first * times
  for (let i = shareStart(values, 16, thread + 1, threads) - first; i > 0; i--) {
    const value = load<f32>(x)
    x += 4
    for (let t = times; t > 0; t--) {
      store<f32>(y, value)
      y += 4
    }
  }
}
