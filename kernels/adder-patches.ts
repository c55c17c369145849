// What the adder convolutions share: where their arguments lie, how the work is cut, and how a block's input becomes patches.
//
// A block is some output pixels that follow each other: whole lines of one image, or a piece of one line. What lies under it is copied into the
// thread's scratch memory, padding (which takes part: |0 − w|) included, so that afterwards every tap of every pixel is at pixel + offset(tap).
// Where channels are too few for a loop of their own, taps beside each other become one: a line of the window is one run then. For 1 × 1 windows, small
// images, and few channels under a dilated window the copy is of rows instead: everything under the window of one output pixel, one behind the other. A
// row is then a pixel and its window 1 × 1. How codes lie says adder-codes.ts.
//
// The sum of what lies under a window is needed once for each output pixel. Of copied lines it is the sum of sums of pixels.

import { pieceEnd, takePiece } from './sync'
import { AdderBlocks, AdderF32 } from './table.generated'

/** Parts of the scratch memory begin at cache lines. */
// @inline
export function aligned(bytes: usize): usize {
  return (bytes + 63) & ~63
}

// Smaller pieces of work would read all weights too often, and copy too many lines twice.
const leastPixels: i32 = 128

/** What `takeWork` gave last: some output pixels, of some panels of filters. */
export let firstPixel: i32 = 0
export let endPixel: i32 = 0
export let firstPanel: i32 = 0
export let endPanel: i32 = 0

/**
 * The next piece of a layer for a thread: pixels, with all panels; or panels, where there are few pixels, as many as the thread's whole share, since what lies
 * under the pixels is copied for every piece.
 * @returns false when nothing is left
 */
export function takeWork(args: AdderBlocks, panels: i32, thread: i32, threads: i32): bool {
  const outWidth = args.outWidth
  const outLines = args.batch * args.outHeight
  const pixels = outLines * outWidth
  if (args.byChannels) {
    firstPanel = takePiece(panels, 1, panels, panels, thread, threads)
    endPanel = pieceEnd
    firstPixel = 0
    endPixel = pixels
    return firstPanel >= 0
  }
  firstPanel = 0
  endPanel = panels
  if (args.asRows) {
    firstPixel = takePiece(pixels, 4, leastPixels, pixels, thread, threads)
    endPixel = pieceEnd
    return firstPixel >= 0
  }
  const blockColumns = args.blockColumns
  const cuts = (outWidth + blockColumns - 1) / blockColumns
  const least = ((leastPixels + outWidth - 1) / outWidth) * cuts
  const first = takePiece(outLines * cuts, 1, least, outLines * cuts, thread, threads)
  if (first < 0) return false
  firstPixel = cutStart(first, cuts, outWidth, blockColumns)
  endPixel = cutStart(pieceEnd, cuts, outWidth, blockColumns)
  return true
}

/** The first output pixel of a line's part, of which each line has `cuts`. */
function cutStart(cut: i32, cuts: i32, outWidth: i32, blockColumns: i32): i32 {
  return (cut / cuts) * outWidth + (cut % cuts) * blockColumns
}

/** Output pixels of the block that begins at a pixel. */
export function blockAt(args: AdderBlocks, pixel: i32, end: i32): i32 {
  const blockColumns = args.blockColumns
  if (args.asRows) return min(blockColumns, end - pixel)
  const outWidth = args.outWidth
  const columns = min(blockColumns, outWidth - (pixel % outWidth))
  if (columns < outWidth) return columns
  const outHeight = args.outHeight
  const left = outHeight - ((pixel / outWidth) % outHeight)
  return outWidth * min(min(args.blockLines, left), (end - pixel) / outWidth)
}

/** Output pixels in a line of a block of `count`. */
// @inline
export function lineOf(args: AdderBlocks, count: i32): i32 {
  return args.asRows ? count : min(count, args.outWidth)
}

/**
 * Where the runs of a reduction lie from a pixel's own place on: tap after tap, and of each tap one run behind the other, `runBytes` apart.
 * @param step from a copied pixel to the next
 */
export function writeOffsets(args: AdderBlocks, to: usize, step: usize, runBytes: usize): void {
  const taps = tapsOf(args)
  const windowColumns = args.windowColumns
  const columns = args.columns
  const perTap = args.runs / taps
  for (let t = 0; t < taps; t++) {
    const pixels = (t / windowColumns) * args.dilationHeight * columns + (t % windowColumns) * args.dilationWidth
    for (let r = 0; r < perTap; r++) {
      store<i32>(to, <i32>(step * <usize>pixels + runBytes * <usize>r))
      to += 4
    }
  }
}

/** Taps as the reduction sees them. */
function tapsOf(args: AdderBlocks): i32 {
  return args.asRows ? 1 : args.kernelHeight * args.windowColumns
}

/**
 * Copies what lies under a block of one group's layers of floats, shifted by `shift`, padding being 0; pixels are `pixelBytes` apart, filled up with
 * zeros.
 * @param pixelSums room for sums of copied pixels
 * @param sums gets the sums under the windows of the block's pixels times `factor`; written to a multiple of 4
 */
export function makePatches(args: AdderF32, pixel: i32, count: i32, group: i32, to: usize, pixelSums: usize, sums: usize, shift: f32, factor: f32): void {
  const inChannels = args.inChannels
  const run = 4 * <usize>(inChannels / args.groups)
  const x = args.x + run * group
  if (args.asRows) makeRows<f32>(args, pixel, count, x, run, to, 0, 0, 0, sums, shift, factor)
  else {
    makeLines(args, pixel, count, x, run, to, pixelSums, shift)
    addWindows<f32>(args, count, pixelSums, sums, factor)
  }
}

/** @param run bytes of one pixel's channels in the group */
function makeLines(args: AdderF32, pixel: i32, count: i32, x: usize, run: usize, to: usize, pixelSums: usize, shift: f32): void {
  const inHeight = args.inHeight
  const inWidth = args.inWidth
  const outHeight = args.outHeight
  const outWidth = args.outWidth
  const strideHeight = args.strideHeight
  const strideWidth = args.strideWidth
  const fromPixel = 4 * <usize>args.xPixel
  const toPixel = <usize>args.pixelBytes
  const ox = pixel % outWidth
  const oy = (pixel / outWidth) % outHeight
  const image = pixel / (outWidth * outHeight)
  const across = lineOf(args, count)
  const lines = (count / across - 1) * strideHeight + (args.kernelHeight - 1) * args.dilationHeight + 1
  const columns = (across - 1) * strideWidth + (args.kernelWidth - 1) * args.dilationWidth + 1
  const pitch = <usize>args.columns
  const rest = restOfPixel(args, run)
  const shifts = f32x4.splat(shift)
  const left = ox * strideWidth - args.padLeft
  let iy = oy * strideHeight - args.padTop
  for (let line = 0; line < lines; line++) {
    const row = x + fromPixel * <usize>((image * inHeight + iy) * inWidth)
    const inside = <u32>iy < <u32>inHeight
    let here = to + toPixel * pitch * line
    let sum = pixelSums + 4 * pitch * line
    for (let ix = left; ix < left + columns; ix++) {
      const isInput = inside && <u32>ix < <u32>inWidth
      store<f32>(sum, total(isInput ? copyFloats(here, row + fromPixel * ix, run, shifts) : fillFloats(here, run, shifts)))
      if (rest) memory.fill(here + run, 0, rest)
      here += toPixel
      sum += 4
    }
    iy++
  }
}

/**
 * A row for each of the block's pixels. Of codes padding is `code`; 16 bytes of all rows form a plane, planes are `planeBytes` apart, the last
 * filled up with zeros.
 * @param work of codes: 64 bytes, a pixel of padding, a row
 */
export function makeRows<T>(
  args: AdderBlocks,
  pixel: i32,
  count: i32,
  x: usize,
  run: usize,
  to: usize,
  planeBytes: usize,
  work: usize,
  code: i32,
  sums: usize,
  shift: f32,
  factor: f32,
): void {
  const outHeight = args.outHeight
  const outWidth = args.outWidth
  const strideHeight = args.strideHeight
  const strideWidth = args.strideWidth
  const padTop = args.padTop
  const padLeft = args.padLeft
  const taps = args.kernelHeight * args.kernelWidth
  const pixelBytes = <usize>args.pixelBytes
  const inHeight = args.inHeight
  const inWidth = args.inWidth
  const inPixel = sizeof<T>() * <usize>args.xPixel
  const length = run * taps
  const padding = preparePadding<T>(work, run, code)
  const row = padding + aligned(run)
  const rest = isFloat<T>() ? restOfPixel(args, length) : 0
  const shifts = f32x4.splat(shift)
  let ox = pixel % outWidth
  let oy = (pixel / outWidth) % outHeight
  let image = pixel / (outWidth * outHeight)
  for (let i = 0; i < count; i++) {
    const iy = oy * strideHeight - padTop
    const ix = ox * strideWidth - padLeft
    const isInput = taps === 1 && <u32>iy < <u32>inHeight && <u32>ix < <u32>inWidth
    const from = x + inPixel * <usize>((image * inHeight + iy) * inWidth + ix)
    if (isFloat<T>()) {
      const sum = isInput ? copyFloats(to, from, run, shifts) : makeRow<T>(args, to, x, run, image, iy, ix, code, shifts)
      store<f32>(sums, factor * total(sum))
      if (rest) memory.fill(to + length, 0, rest)
      to += pixelBytes
    } else {
      if (!isInput) makeRow<T>(args, row, x, run, image, iy, ix, code, shifts)
      store<i32>(sums, spread(to, isInput ? from : row, length, planeBytes, work))
      to += 16
    }
    sums += 4
    if (++ox === outWidth) {
      ox = 0
      if (++oy === outHeight) {
        oy = 0
        image++
      }
    }
  }
}

/** Everything under the window at (iy, ix), one tap behind the other. */
function makeRow<T>(args: AdderBlocks, to: usize, x: usize, run: usize, image: i32, iy: i32, ix: i32, code: i32, shifts: v128): v128 {
  const inHeight = args.inHeight
  const inWidth = args.inWidth
  const kernelWidth = args.kernelWidth
  const dilationHeight = args.dilationHeight
  const dilationWidth = args.dilationWidth
  const inPixel = sizeof<T>() * <usize>args.xPixel
  // Taps beside each other in the window lie beside each other in memory too.
  const joined = run === inPixel && dilationWidth === 1
  let sum = f32x4.splat(0)
  for (let ky = args.kernelHeight; ky > 0; ky--) {
    const row = x + inPixel * <usize>((image * inHeight + iy) * inWidth)
    const inside = <u32>iy < <u32>inHeight
    if (joined && inside) {
      const before = min(max(-ix, 0), kernelWidth)
      const end = max(min(inWidth - ix, kernelWidth), before)
      if (before > 0) sum = f32x4.add(sum, pad<T>(to, run * before, code, shifts))
      sum = f32x4.add(sum, copy<T>(to + run * before, row + inPixel * (ix + before), run * (end - before), shifts))
      if (end < kernelWidth) sum = f32x4.add(sum, pad<T>(to + run * end, run * (kernelWidth - end), code, shifts))
      to += run * kernelWidth
    } else if (inside) {
      let column = ix
      for (let kx = 0; kx < kernelWidth; kx++) {
        if (<u32>column < <u32>inWidth) sum = f32x4.add(sum, copy<T>(to, row + inPixel * column, run, shifts))
        else sum = f32x4.add(sum, pad<T>(to, run, code, shifts))
        to += run
        column += dilationWidth
      }
    } else {
      sum = f32x4.add(sum, pad<T>(to, run * kernelWidth, code, shifts))
      to += run * kernelWidth
    }
    iy += dilationHeight
  }
  return sum
}

/** The sums under the windows of a block of copied lines. */
export function addWindows<T>(args: AdderBlocks, count: i32, pixelSums: usize, sums: usize, factor: f32): void {
  const kernelHeight = args.kernelHeight
  const kernelWidth = args.kernelWidth
  const dilationHeight = args.dilationHeight
  const dilationWidth = args.dilationWidth
  const strideHeight = args.strideHeight
  const strideWidth = args.strideWidth
  const pitch = 4 * <usize>args.columns
  const across = lineOf(args, count)
  const factors = f32x4.splat(factor)
  for (let first = 0; first < count; first += across) {
    const line = pixelSums + pitch * (first / across) * strideHeight
    const to = sums + 4 * <usize>first
    // Four at a time; what is written beyond the line is written again with the next, or room is left for it.
    for (let i = 0; i < across; i += 4) {
      let sum = i32x4.splat(0)
      let row = line + 4 * <usize>(i * strideWidth)
      for (let ky = 0; ky < kernelHeight; ky++) {
        let from = row
        for (let kx = 0; kx < kernelWidth; kx++) {
          const four = strideWidth === 1 ? v128.load(from) : loadStrided(from, 4 * <usize>strideWidth)
          sum = isFloat<T>() ? f32x4.add(sum, four) : i32x4.add(sum, four)
          from += 4 * <usize>dilationWidth
        }
        row += pitch * dilationHeight
      }
      v128.store(to + 4 * <usize>i, isFloat<T>() ? f32x4.mul(sum, factors) : sum)
    }
  }
}

/** Four values `step` bytes apart. */
// @inline
function loadStrided(from: usize, step: usize): v128 {
  const two = v128.load32_lane(from + step, v128.load32_zero(from), 1)
  return v128.load32_lane(from + 3 * step, v128.load32_lane(from + 2 * step, two, 2), 3)
}

/** @returns bytes to fill up with zeros behind what a pixel or a row holds: none where a run goes over several pixels */
function restOfPixel(args: AdderBlocks, used: usize): usize {
  const perTap = args.runs / tapsOf(args)
  return <usize>min(args.pixelBytes, 4 * args.run * perTap) - used
}

/** Of codes a pixel of padding, behind 64 bytes for `spread`. @returns where it lies */
// @inline
function preparePadding<T>(work: usize, run: usize, code: i32): usize {
  if (!isFloat<T>()) {
    memory.fill(work, 0, 64)
    memory.fill(work + 64, <u8>code, run)
  }
  return work + 64
}

/**
 * Copies bytes to the same place in planes, 16 to each; `last` are 16 bytes of which those behind the last are 0.
 * @returns their sum
 */
export function spread(to: usize, from: usize, bytes: usize, planeBytes: usize, last: usize): i32 {
  let sum = i32x4.splat(0)
  let vectors = <i32>(bytes >> 4)
  while (vectors > 0) {
    // As many as cannot exceed 16 bits.
    let n = min(vectors, 128)
    vectors -= n
    let wide = i16x8.splat(0)
    for (; n > 0; n--) {
      const v = v128.load(from)
      v128.store(to, v)
      wide = i16x8.add(wide, i16x8.extadd_pairwise_i8x16_u(v))
      from += 16
      to += planeBytes
    }
    sum = i32x4.add(sum, i32x4.extadd_pairwise_i16x8_u(wide))
  }
  if (bytes & 15) {
    copyBytes(last, from, bytes & 15)
    const v = v128.load(last)
    v128.store(to, v)
    sum = i32x4.add(sum, i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(v)))
  }
  sum = i32x4.add(sum, v128.shuffle<i32>(sum, sum, 2, 3, 0, 1))
  return i32x4.extract_lane(sum, 0) + i32x4.extract_lane(sum, 1)
}

/** @returns the sum of what was stored, of floats */
// @inline
function copy<T>(to: usize, from: usize, bytes: usize, shifts: v128): v128 {
  if (isFloat<T>()) return copyFloats(to, from, bytes, shifts)
  copyBytes(to, from, bytes)
  return shifts
}

// @inline
function pad<T>(to: usize, bytes: usize, code: i32, shifts: v128): v128 {
  if (isFloat<T>()) return fillFloats(to, bytes, shifts)
  fillBytes(to, bytes, code)
  return shifts
}

export function fillBytes(to: usize, bytes: usize, code: i32): void {
  if (bytes >= 16) {
    const v = i8x16.splat(<i8>code)
    const last = bytes - 16
    for (let i: usize = 0; i < last; i += 16) v128.store(to + i, v)
    v128.store(to + last, v)
  } else for (let i: usize = 0; i < bytes; i++) store<u8>(to + i, <u8>code)
}

/** Copies what does not overlap: as memory.copy does, without its call, which costs more than a short run. */
// @inline
export function copyBytes(to: usize, from: usize, bytes: usize): void {
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

// @inline
function total(sum: v128): f32 {
  const two = f32x4.add(sum, v128.shuffle<i32>(sum, sum, 2, 3, 0, 1))
  return f32x4.extract_lane(two, 0) + f32x4.extract_lane(two, 1)
}

/** @returns the sum of what was stored: by itself, so that no sum is long and its rounding stays small */
// @inline
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
