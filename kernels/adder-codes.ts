// How codes lie under a block of output pixels, so that every run of the reduction is at the same distance from each pixel, and what they sum up to.
//
//   planes    lines of the input, padding included, in planes of 16 channels: a tap of all pixels is one run through memory
//   compact   the same with each pixel's channels side by side, where they are few: a line of the window is one run, filled up by weights of 0
//   in place  the input as it is, for 1 × 1 windows without padding and channels that are whole runs
//   rows      everything under the window of one output pixel behind the other, in planes (adder-patches.ts)

import { addWindows, copyBytes, fillBytes, lineOf, makeRows, spread } from './adder-patches'
import { AdderU8, CodesForm } from './table.generated'

/** Bytes from an output pixel's place to the next one's. */
export function codesStep(args: AdderU8): usize {
  const form = args.codesAs
  const strideWidth = args.strideWidth
  if (form === CodesForm.planes) return args.asRows ? 16 : <usize>(16 * strideWidth)
  return <usize>(strideWidth * (form === CodesForm.compact ? args.pixelBytes : args.inChannels))
}

/** Bytes from a line of output pixels to the next. */
export function codesLineStep(args: AdderU8): usize {
  const form = args.codesAs
  const strideHeight = args.strideHeight
  if (form === CodesForm.inPlace) return <usize>(strideHeight * args.inWidth * args.inChannels)
  return <usize>(strideHeight * args.columns * (form === CodesForm.compact ? args.pixelBytes : 16))
}

/** Where the runs of a compact reduction lie from a pixel's own place on: line after line, runs side by side. */
export function writeCompactOffsets(args: AdderU8, to: usize): void {
  const line = args.dilationHeight * args.columns * args.pixelBytes
  const runs = args.runs
  const perLine = runs / args.kernelHeight
  for (let r = 0; r < runs; r++) store<i32>(to + 4 * <usize>r, (r / perLine) * line + (r % perLine) * args.run)
}

/**
 * Brings the codes under a block of one group's layers into order.
 * @param to room for copies
 * @param work 64 bytes, a pixel of padding, a row
 * @param pixelSums room for sums of copied pixels
 * @param sums gets the sums under the windows of the block's pixels, written to a multiple of 4
 * @returns the place of the block's first pixel
 */
export function layCodes(args: AdderU8, pixel: i32, count: i32, group: i32, to: usize, planeBytes: usize, work: usize, pixelSums: usize, sums: usize): usize {
  const run = <usize>(args.inChannels / args.groups)
  const x = args.x + run * <usize>group
  if (args.codesAs === CodesForm.inPlace) return sumInPlace(args, pixel, count, x, run, sums)
  if (args.asRows) makeRows<u8>(args, pixel, count, x, run, to, planeBytes, work, args.padCode, sums, 0, 0)
  else {
    copyLines(args, pixel, count, x, run, to, planeBytes, work, pixelSums)
    addWindows<u8>(args, count, pixelSums, sums, 0)
  }
  return to
}

function sumInPlace(args: AdderU8, pixel: i32, count: i32, x: usize, run: usize, sums: usize): usize {
  const outHeight = args.outHeight
  const outWidth = args.outWidth
  const ox = pixel % outWidth
  const oy = (pixel / outWidth) % outHeight
  const image = pixel / (outWidth * outHeight)
  const iy = image * args.inHeight + oy * args.strideHeight
  const ix = ox * args.strideWidth
  const first = x + <usize>((iy * args.inWidth + ix) * args.inChannels)
  const step = codesStep(args)
  const lineStep = codesLineStep(args)
  const across = lineOf(args, count)
  let from = first
  for (let done = 0; done < count; done += across) {
    sumPixels(from, step, 16, run >> 4, across, sums)
    from += lineStep
    sums += 4 * <usize>across
  }
  return first
}

function copyLines(args: AdderU8, pixel: i32, count: i32, x: usize, run: usize, to: usize, planeBytes: usize, work: usize, sums: usize): void {
  const inHeight = args.inHeight
  const inWidth = args.inWidth
  const inPixel = <usize>args.inChannels
  const outHeight = args.outHeight
  const outWidth = args.outWidth
  const strideHeight = args.strideHeight
  const strideWidth = args.strideWidth
  const ox = pixel % outWidth
  const oy = (pixel / outWidth) % outHeight
  const image = pixel / (outWidth * outHeight)
  const across = lineOf(args, count)
  const lines = (count / across - 1) * strideHeight + (args.kernelHeight - 1) * args.dilationHeight + 1
  const columns = (across - 1) * strideWidth + (args.kernelWidth - 1) * args.dilationWidth + 1
  const isCompact = args.codesAs === CodesForm.compact
  const pitch = <usize>args.columns
  const linePitch = pitch * (isCompact ? run : 16)
  const code = args.padCode
  const left = ox * strideWidth - args.padLeft
  const before = min(max(-left, 0), columns)
  const end = max(min(inWidth - left, columns), before)
  let iy = oy * strideHeight - args.padTop
  for (let line = 0; line < lines; line++) {
    const isInput = <u32>iy < <u32>inHeight
    const first = isInput ? before : columns
    const behind = isInput ? end : columns
    const from = x + inPixel * <usize>((image * inHeight + iy) * inWidth + left + first)
    if (isCompact) {
      fillBytes(to, run * first, code)
      copyPixels(to + run * first, from, behind - first, run, inPixel)
      fillBytes(to + run * behind, run * (columns - behind), code)
      for (let i = 0; i < columns; i++) store<i32>(sums + 4 * <usize>i, sumOfBytes(to + run * i, run))
    } else if (run & 15) spreadLine(to, from, first, behind, columns, run, inPixel, planeBytes, work, code, sums)
    else {
      for (let c: usize = 0, plane = to; c < run; c += 16, plane += planeBytes) {
        fillBytes(plane, 16 * first, code)
        copySixteens(plane + 16 * first, from + c, behind - first, inPixel)
        fillBytes(plane + 16 * behind, 16 * (columns - behind), code)
      }
      sumPixels(to, 16, planeBytes, run >> 4, columns, sums)
    }
    to += linePitch
    sums += 4 * pitch
    iy++
  }
}

/** A line of pixels whose last plane is filled up with zeros. */
function spreadLine(
  to: usize,
  from: usize,
  first: i32,
  behind: i32,
  columns: i32,
  run: usize,
  inPixel: usize,
  planeBytes: usize,
  work: usize,
  code: i32,
  sums: usize,
): void {
  const padding = work + 64
  memory.fill(work, 0, 64)
  memory.fill(padding, <u8>code, run)
  for (let i = 0; i < columns; i++) {
    const isInput = i >= first && i < behind
    store<i32>(sums + 4 * <usize>i, spread(to, isInput ? from : padding, run, planeBytes, work))
    if (isInput) from += inPixel
    to += 16
  }
}

/** 16 bytes of each of `count` pixels. */
function copySixteens(to: usize, from: usize, count: i32, step: usize): void {
  for (; count > 0; count--) {
    v128.store(to, v128.load(from))
    to += 16
    from += step
  }
}

/** @param step from an input pixel to the next */
function copyPixels(to: usize, from: usize, count: i32, run: usize, step: usize): void {
  if (run === step) {
    copyBytes(to, from, run * count)
    return
  }
  for (; count > 0; count--) {
    copyBytes(to, from, run)
    to += run
    from += step
  }
}

/** Sums of `count` pixels `step` bytes apart, of each `vectors` times 16 bytes, `vectorStep` apart. */
function sumPixels(from: usize, step: usize, vectorStep: usize, vectors: usize, count: i32, to: usize): void {
  for (; count >= 4; count -= 4) {
    let s0 = i32x4.splat(0)
    let s1 = s0
    let s2 = s0
    let s3 = s0
    let a = from
    for (let n = vectors; n > 0; n--) {
      s0 = i32x4.add(s0, sumOfSixteen(a))
      s1 = i32x4.add(s1, sumOfSixteen(a + step))
      s2 = i32x4.add(s2, sumOfSixteen(a + 2 * step))
      s3 = i32x4.add(s3, sumOfSixteen(a + 3 * step))
      a += vectorStep
    }
    const s01 = i32x4.add(v128.shuffle<i32>(s0, s1, 0, 4, 1, 5), v128.shuffle<i32>(s0, s1, 2, 6, 3, 7))
    const s23 = i32x4.add(v128.shuffle<i32>(s2, s3, 0, 4, 1, 5), v128.shuffle<i32>(s2, s3, 2, 6, 3, 7))
    v128.store(to, i32x4.add(v128.shuffle<i64>(s01, s23, 0, 2), v128.shuffle<i64>(s01, s23, 1, 3)))
    from += 4 * step
    to += 16
  }
  for (; count > 0; count--) {
    let sum = 0
    for (let n: usize = 0; n < vectors; n++) sum += sumOfBytes(from + vectorStep * n, 16)
    store<i32>(to, sum)
    from += step
    to += 4
  }
}

// @inline
function sumOfSixteen(from: usize): v128 {
  return i32x4.dot_i16x8_s(i16x8.extadd_pairwise_i8x16_u(v128.load(from)), i16x8.splat(1))
}

/** Reads up to 7 bytes behind them, where their number is no multiple of 8. */
// @inline
function sumOfBytes(from: usize, bytes: usize): i32 {
  let sum = 0
  for (; bytes >= 8; bytes -= 8) {
    sum += sumOfEight(load<u64>(from))
    from += 8
  }
  return bytes ? sum + sumOfEight(load<u64>(from) << (64 - 8 * <u64>bytes)) : sum
}

// @inline
function sumOfEight(v: u64): i32 {
  const mask: u64 = 0x00ff00ff00ff00ff
  return <i32>((((v & mask) + ((v >> 8) & mask)) * 0x0001000100010001) >> 48)
}
