// What the adder convolutions share: where their arguments lie, and how patches of the input become rows.
//
// A convolution is done as a matrix product whose left rows are patches: for one output pixel everything under the window, [kernelHeight,
// kernelWidth, channels of the group], one behind the other. Rows are made in blocks that fit into the cache, in the thread's scratch memory.
// Against reading through pointers (as kernels/conv-f32.ts does) a row costs one copy, which 16 output channels already pay for; in return
// the loop over the reduction is a single one, however few the channels are, and padding, sums and shifts are dealt with once per row.

// Where each argument lies; the order is that of `adderArgs` in src/runtime/wasm/abi.ts.
// prettier-ignore
export namespace at {
  export const x: usize = 0, y: usize = 4, weights: usize = 8, filters: usize = 12, residual: usize = 16
  export const scratch: usize = 20, scratchBytes: usize = 24, scratchThreads: usize = 28
  export const batch: usize = 32, inHeight: usize = 36, inWidth: usize = 40, inChannels: usize = 44
  export const outHeight: usize = 48, outWidth: usize = 52, outChannels: usize = 56
  export const kernelHeight: usize = 60, kernelWidth: usize = 64, strideHeight: usize = 68, strideWidth: usize = 72
  export const dilationHeight: usize = 76, dilationWidth: usize = 80, padTop: usize = 84, padLeft: usize = 88
  export const groups: usize = 92, rowBytes: usize = 96, blockRows: usize = 100, byChannels: usize = 104
  export const lo: usize = 108, hi: usize = 112
  // Float: what is added to every input, or where that lies.
  export const shift: usize = 116, shiftAt: usize = 120
  // Integers.
  export const padCode: usize = 116, terms: usize = 120, direct: usize = 124, toBytes: usize = 128, outZero: usize = 132
}

/**
 * Makes `count` rows from output pixel `first` on, `rowBytes` apart.
 *
 * Of codes (T = u8): padding has code `padCode`, bytes behind the patch are 0. Of floats (T = f32): everything is shifted by `shift`, padding
 * being 0, and `sums` gets −½ of each row's sum.
 * @param offset of the group's first channel in a pixel, in bytes
 * @param run bytes of one pixel's channels in the group
 * @param pixelBytes bytes of one input pixel
 */
export function makeRows<T>(
  args: usize,
  to: usize,
  first: i32,
  count: i32,
  offset: usize,
  run: usize,
  pixelBytes: usize,
  padCode: i32,
  shift: f32,
  sums: usize,
): void {
  const rowBytes = <usize>load<i32>(args, at.rowBytes)
  const inHeight = load<i32>(args, at.inHeight)
  const inWidth = load<i32>(args, at.inWidth)
  const outHeight = load<i32>(args, at.outHeight)
  const outWidth = load<i32>(args, at.outWidth)
  const kernelHeight = load<i32>(args, at.kernelHeight)
  const kernelWidth = load<i32>(args, at.kernelWidth)
  const strideHeight = load<i32>(args, at.strideHeight)
  const strideWidth = load<i32>(args, at.strideWidth)
  const dilationHeight = load<i32>(args, at.dilationHeight)
  const dilationWidth = load<i32>(args, at.dilationWidth)
  const padTop = load<i32>(args, at.padTop)
  const padLeft = load<i32>(args, at.padLeft)
  const x = <usize>load<i32>(args, at.x) + offset
  const line = run * kernelWidth
  const used = line * kernelHeight
  // Taps beside each other in the window lie beside each other in memory too.
  const joined = run == pixelBytes && dilationWidth == 1

  const shifts = f32x4.splat(shift)
  let ox = first % outWidth
  let oy = (first / outWidth) % outHeight
  let image = first / (outWidth * outHeight)
  for (let i = 0; i < count; i++) {
    const ix = ox * strideWidth - padLeft
    let iy = oy * strideHeight - padTop
    let here = to
    let sum = f32x4.splat(0)
    for (let ky = 0; ky < kernelHeight; ky++) {
      if (<u32>iy >= <u32>inHeight) sum = f32x4.add(sum, pad<T>(here, padCode, line, shifts))
      else {
        const row = x + pixelBytes * <usize>((image * inHeight + iy) * inWidth)
        if (joined) {
          const before = min(max(-ix, 0), kernelWidth)
          const end = max(min(inWidth - ix, kernelWidth), before)
          if (before > 0) sum = f32x4.add(sum, pad<T>(here, padCode, run * before, shifts))
          sum = f32x4.add(sum, copy<T>(here + run * before, row + pixelBytes * (ix + before), run * (end - before), shifts))
          if (end < kernelWidth) sum = f32x4.add(sum, pad<T>(here + run * end, padCode, run * (kernelWidth - end), shifts))
        } else {
          let column = ix
          let tap = here
          for (let kx = 0; kx < kernelWidth; kx++) {
            if (<u32>column < <u32>inWidth) sum = f32x4.add(sum, copy<T>(tap, row + pixelBytes * column, run, shifts))
            else sum = f32x4.add(sum, pad<T>(tap, padCode, run, shifts))
            column += dilationWidth
            tap += run
          }
        }
      }
      iy += dilationHeight
      here += line
    }
    if (isFloat<T>()) {
      sum = f32x4.add(sum, v128.shuffle<i32>(sum, sum, 2, 3, 0, 1))
      store<f32>(sums, -0.5 * (f32x4.extract_lane(sum, 0) + f32x4.extract_lane(sum, 1)))
      sums += 4
    } else if (rowBytes > used) fillBytes(here, 0, rowBytes - used)
    to += rowBytes
    if (++ox == outWidth) {
      ox = 0
      if (++oy == outHeight) {
        oy = 0
        image++
      }
    }
  }
}

/**
 * Copies what does not overlap: as memory.copy does, without its call, which costs more than a short run.
 * @returns the sum of what was stored, of floats: by itself, so that no sum is long and its rounding stays small
 */
// @ts-ignore: decorator
@inline
function copy<T>(to: usize, from: usize, bytes: usize, shifts: v128): v128 {
  if (isFloat<T>()) return copyFloats(to, from, bytes, shifts)
  copyBytes(to, from, bytes)
  return f32x4.splat(0)
}

// @ts-ignore: decorator
@inline
function pad<T>(to: usize, code: i32, bytes: usize, shifts: v128): v128 {
  if (isFloat<T>()) return fillFloats(to, bytes, shifts)
  fillBytes(to, code, bytes)
  return f32x4.splat(0)
}

// @ts-ignore: decorator
@inline
function copyBytes(to: usize, from: usize, bytes: usize): void {
  if (bytes >= 16) {
    // The last vector may overlap the one before.
    const last = bytes - 16
    for (let i: usize = 0; i < last; i += 16) v128.store(to + i, v128.load(from + i))
    v128.store(to + last, v128.load(from + last))
  } else if (bytes >= 8) {
    const v = load<u64>(from + bytes - 8)
    store<u64>(to, load<u64>(from))
    store<u64>(to + bytes - 8, v)
  } else if (bytes >= 4) {
    const v = load<u32>(from + bytes - 4)
    store<u32>(to, load<u32>(from))
    store<u32>(to + bytes - 4, v)
  } else for (let i: usize = 0; i < bytes; i++) store<u8>(to + i, load<u8>(from + i))
}

function fillBytes(to: usize, code: i32, bytes: usize): void {
  if (bytes >= 16) {
    const v = i8x16.splat(<i8>code)
    const last = bytes - 16
    for (let i: usize = 0; i < last; i += 16) v128.store(to + i, v)
    v128.store(to + last, v)
  } else for (let i: usize = 0; i < bytes; i++) store<u8>(to + i, <u8>code)
}

// @ts-ignore: decorator
@inline
function copyFloats(to: usize, from: usize, bytes: usize, shifts: v128): v128 {
  let sum = f32x4.splat(0)
  const end = to + bytes
  for (const whole = to + (bytes & ~15); to < whole; to += 16) {
    const v = f32x4.add(v128.load(from), shifts)
    v128.store(to, v)
    sum = f32x4.add(sum, v)
    from += 16
  }
  for (; to < end; to += 4) {
    const v = load<f32>(from) + f32x4.extract_lane(shifts, 0)
    store<f32>(to, v)
    sum = f32x4.add(sum, f32x4.replace_lane(f32x4.splat(0), 0, v))
    from += 4
  }
  return sum
}

function fillFloats(to: usize, bytes: usize, shifts: v128): v128 {
  let sum = f32x4.splat(0)
  const end = to + bytes
  for (const whole = to + (bytes & ~15); to < whole; to += 16) {
    v128.store(to, shifts)
    sum = f32x4.add(sum, shifts)
  }
  for (; to < end; to += 4) {
    v128.store32_lane(to, shifts, 0)
    sum = f32x4.add(sum, f32x4.replace_lane(f32x4.splat(0), 0, f32x4.extract_lane(shifts, 0)))
  }
  return sum
}
