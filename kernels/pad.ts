// A copy of an NHWC tensor with a border of zeros.

import { shareStart } from './sync'

/** Arguments: x, y (addresses), batch, height, width, pixelBytes, outHeight, outWidth, padTop, padLeft. */
export function padF32(args: usize, thread: i32, threads: i32): void {
  const x = <usize>load<i32>(args, 0)
  const y = <usize>load<i32>(args, 4)
  const batch = load<i32>(args, 8)
  const height = load<i32>(args, 12)
  const pixelBytes = <usize>load<i32>(args, 20)
  const inBytes = pixelBytes * load<i32>(args, 16)
  const outHeight = load<i32>(args, 24)
  const outBytes = pixelBytes * load<i32>(args, 28)
  const padTop = load<i32>(args, 32)
  const before = min(pixelBytes * load<i32>(args, 36), outBytes)
  // The window may end before the input does.
  const copied = min(inBytes, outBytes - before)

  const rows = batch * outHeight
  const end = shareStart(rows, 1, thread + 1, threads)
  for (let r = shareStart(rows, 1, thread, threads); r < end; r++) {
    const to = y + outBytes * r
    const row = (r % outHeight) - padTop
    if (<u32>row >= <u32>height) memory.fill(to, 0, outBytes)
    else {
      memory.fill(to, 0, before)
      memory.copy(to + before, x + inBytes * (r / outHeight * height + row), copied)
      memory.fill(to + before + copied, 0, outBytes - before - copied)
    }
  }
}

/** y[p, c] = x[p, c / times]. Arguments: x, y (addresses), pixels, channels (of x), times. */
export function repeatChannelsF32(args: usize, thread: i32, threads: i32): void {
  const times = load<i32>(args, 16)
  const values = load<i32>(args, 8) * load<i32>(args, 12)
  const first = shareStart(values, 16, thread, threads)
  let x = <usize>load<i32>(args, 0) + 4 * <usize>first
  let y = <usize>load<i32>(args, 4) + 4 * <usize>first * times
  for (let i = shareStart(values, 16, thread + 1, threads) - first; i > 0; i--) {
    const value = load<f32>(x)
    x += 4
    for (let t = times; t > 0; t--) {
      store<f32>(y, value)
      y += 4
    }
  }
}
