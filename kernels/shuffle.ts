// Channel shuffle, NHWC: y[p, i·groups + j] = x[p, j·size + i]: the channels of all groups take turns.

import { shareStart } from './sync'
import { ShuffleChannelsF32 } from './table.generated'

export function shuffleChannelsF32(args: ShuffleChannelsF32, thread: i32, threads: i32): void {
  const pixels = args.pixels
  const groups = args.groups
  const size = args.size
  const first = shareStart(pixels, 1, thread, threads)
  const end = shareStart(pixels, 1, thread + 1, threads)
  const group = 4 * <usize>size
  const step = 4 * <usize>groups
  const pixel = group * groups
  let x = args.x + pixel * first
  let y = args.y + pixel * first
  for (let p = first; p < end; p++) {
    if (groups === 2) interleave(x, y, size)
    else {
      for (let j = 0; j < groups; j++) scatter(x + group * j, y + 4 * j, size, step)
    }
    x += pixel
    y += pixel
  }
}

/** Two groups: vectors of four of each make two vectors. */
// @inline
function interleave(x: usize, y: usize, size: i32): void {
  let a = x
  let b = x + 4 * <usize>size
  for (; size >= 4; size -= 4) {
    const u = v128.load(a)
    const v = v128.load(b)
    v128.store(y, v128.shuffle<i32>(u, v, 0, 4, 1, 5))
    v128.store(y, v128.shuffle<i32>(u, v, 2, 6, 3, 7), 16)
    a += 16
    b += 16
    y += 32
  }
  for (; size > 0; size--) {
    store<f32>(y, load<f32>(a))
    store<f32>(y, load<f32>(b), 4)
    a += 4
    b += 4
    y += 8
  }
}

/** `size` floats to places `step` bytes apart. */
// @inline
export function scatter(x: usize, y: usize, size: i32, step: usize): void {
  for (; size >= 4; size -= 4) {
    const v = v128.load(x)
    v128.store32_lane(y, v, 0)
    y += step
    v128.store32_lane(y, v, 1)
    y += step
    v128.store32_lane(y, v, 2)
    y += step
    v128.store32_lane(y, v, 3)
    y += step
    x += 16
  }
  for (; size > 0; size--) {
    store<f32>(y, load<f32>(x))
    x += 4
    y += step
  }
}
