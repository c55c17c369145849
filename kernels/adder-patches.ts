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
  // Float: what is added to every input.
  export const shift: usize = 116
  // Integers.
  export const padCode: usize = 116, terms: usize = 120, direct: usize = 124, toBytes: usize = 128, outZero: usize = 132
}

/**
 * Makes `count` rows from output pixel `first` on, `rowBytes` apart; bytes behind the patch are 0.
 * @param offset of the group's first channel in a pixel, in bytes
 * @param run bytes of one pixel's channels in the group
 * @param pixelBytes bytes of one input pixel
 * @param padCode byte that stands for the padding
 */
export function makeRows(
  args: usize,
  to: usize,
  first: i32,
  count: i32,
  offset: usize,
  run: usize,
  pixelBytes: usize,
  padCode: i32,
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

  let ox = first % outWidth
  let oy = (first / outWidth) % outHeight
  let image = first / (outWidth * outHeight)
  for (let i = 0; i < count; i++) {
    const ix = ox * strideWidth - padLeft
    let iy = oy * strideHeight - padTop
    let here = to
    for (let ky = 0; ky < kernelHeight; ky++) {
      if (<u32>iy >= <u32>inHeight) fill(here, padCode, line)
      else {
        const row = x + pixelBytes * <usize>((image * inHeight + iy) * inWidth)
        if (joined) {
          const before = min(max(-ix, 0), kernelWidth)
          const end = max(min(inWidth - ix, kernelWidth), before)
          fill(here, padCode, run * before)
          copy(here + run * before, row + pixelBytes * (ix + before), run * (end - before))
          fill(here + run * end, padCode, run * (kernelWidth - end))
        } else {
          let column = ix
          let tap = here
          for (let kx = 0; kx < kernelWidth; kx++) {
            if (<u32>column < <u32>inWidth) copy(tap, row + pixelBytes * column, run)
            else fill(tap, padCode, run)
            column += dilationWidth
            tap += run
          }
        }
      }
      iy += dilationHeight
      here += line
    }
    fill(here, 0, rowBytes - used)
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

/** Copies bytes that do not overlap: what memory.copy does, without the call, which costs more than a short run does. */
// @ts-ignore: decorator
@inline
function copy(to: usize, from: usize, bytes: usize): void {
  if (bytes >= 16) {
    // The last vector may overlap the one before.
    const last = bytes - 16
    for (let i: usize = 0; i < last; i += 16) v128.store(to + i, v128.load(from + i))
    v128.store(to + last, v128.load(from + last))
  } else if (bytes >= 4) {
    const last = bytes - 4
    for (let i: usize = 0; i < last; i += 4) store<u32>(to + i, load<u32>(from + i))
    store<u32>(to + last, load<u32>(from + last))
  } else for (let i: usize = 0; i < bytes; i++) store<u8>(to + i, load<u8>(from + i))
}

function fill(to: usize, code: i32, bytes: usize): void {
  if (bytes >= 16) {
    const v = i8x16.splat(<i8>code)
    const last = bytes - 16
    for (let i: usize = 0; i < last; i += 16) v128.store(to + i, v)
    v128.store(to + last, v)
  } else for (let i: usize = 0; i < bytes; i++) store<u8>(to + i, <u8>code)
}
