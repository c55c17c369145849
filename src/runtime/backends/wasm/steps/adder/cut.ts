import {
  type AdderBlocksArgs,
  type AdderLayerArgs,
  type CodesForm,
  codeLanes,
  panelWidth,
} from '../../engine/kernels.generated.ts'
import { type FilterSizes, panelsOf, type Reduction } from '../../packing/adder.ts'
import type { ConvLayer } from '../convolution/sizes.ts'
import type { Allocator } from '../step.ts'

/*
 * How the work of adder convolutions is cut (kernels/adder-patches.ts): what becomes a run of the reduction, which output pixels become a block, and
 * whether threads share pixels or output channels.
 */

/** Threads that get scratch memory where the allocator does not say how many there are; more than these stand idle. */
const mostThreads = 16
/** What the copied input of a block may take: a part of the second-level cache. */
const patchBytes = 256 * 1024
/** Taps of a part of a sum of floats. */
const partTaps = 256
/** Channels of which a loop of floats is worth its start. */
const leastRun = 16
/** Fewer output pixels than these make lines too short; rows go on from image to image. */
const leastImage = 32
/** Output pixels of a block at most: sums of bytes lie in the first cache, 32 bytes each. */
const mostPixels = { floats: 512, codes: 384 }
/** Where there are few lines, they are cut so that threads have something to share. */
const leastColumns = 64

export interface AdderCut extends Reduction {
  readonly args: Omit<AdderBlocksArgs, keyof AdderLayerArgs>
  /** Of each thread. */
  readonly scratchBytes: number
}

export const sizesOf = (layer: ConvLayer): FilterSizes => ({
  groups: layer.groups,
  outChannels: layer.outChannels / layer.groups,
  channels: layer.inChannels / layer.groups,
  taps: layer.kernelHeight * layer.kernelWidth,
})

export const roundUp = (n: number, unit: number): number => unit * Math.ceil(n / unit)

export function scratch(bytes: number, alloc: Allocator) {
  const scratchThreads = mostThreads
  const scratchBytes = roundUp(bytes, 64)
  return { scratch: alloc.scratch(scratchBytes * scratchThreads), scratchBytes, scratchThreads }
}

/** Whether patches are copied as rows, one for each output pixel, and not as lines. */
const fitsRows = ({ outHeight, outWidth }: ConvLayer, { taps }: FilterSizes): boolean =>
  taps === 1 || outHeight * outWidth < leastImage

export function cutFloats(layer: ConvLayer): AdderCut {
  const sizes = sizesOf(layer)
  const { channels, taps } = sizes
  // Taps beside each other lie beside each other: few channels make one run of a line of the window.
  const joinsColumns = channels < leastRun && channels * layer.kernelWidth <= partTaps && layer.dilationWidth === 1
  const asRows = fitsRows(layer, sizes) || (channels < leastRun && !joinsColumns)
  const windowColumns = asRows || joinsColumns ? 1 : layer.kernelWidth
  const inRow = asRows ? channels * taps : joinsColumns ? channels * layer.kernelWidth : channels
  const pieces = Math.ceil(inRow / partTaps)
  const run = Math.ceil(inRow / pieces)
  const runs = asRows ? pieces : pieces * layer.kernelHeight * windowColumns
  const bytes = joinsColumns && !asRows ? 4 * channels : 4 * run * pieces
  // Multiples of 1 KiB would put the pixels of a tile into the same sets of the first cache.
  const pixelBytes = bytes + (bytes % 1024 === 0 ? 64 : 0)
  const block = blockOf(layer, asRows, pixelBytes, mostPixels.floats)
  const partRuns = Math.max(1, Math.floor(partTaps / run))
  const pixels = roundUp(block.blockLines * block.blockColumns, 4)
  const copied = block.lines * block.columns
  return {
    ...{ tapChannels: asRows || joinsColumns ? channels : run * pieces, run, runs, partRuns },
    args: {
      ...{ ...block, pixelBytes, run, runs, windowColumns, asRows },
      byChannels: sharesChannels(layer, 4, 4 * panelWidth * run * runs),
    },
    scratchBytes: total(
      4 * runs,
      4 * copied + 64,
      4 * pixels + 16,
      4 * pixels,
      128,
      copied * pixelBytes,
      readBeyond(layer),
    ),
  }
}

/** Channels of a 1 × 1 window that are read in place: pixels of a block still fit into the first cache. */
const mostInPlace = 64

export interface CodesCut extends AdderCut {
  readonly codesAs: CodesForm
}

/** @param dots whether pixels pass by weights, tile by tile, and need not wait for each other */
export function cutCodes(layer: ConvLayer, dots: boolean): CodesCut {
  const sizes = sizesOf(layer)
  const { channels, taps } = sizes
  const filled = roundUp(channels, codeLanes)
  const isSmall = layer.outHeight * layer.outWidth < leastImage
  if (taps === 1 && filled === channels && (dots || channels <= mostInPlace) && readsInside(layer)) {
    const isWhole = layer.outHeight === layer.inHeight && layer.outWidth === layer.inWidth
    if (isWhole || !isSmall) return finishCut(layer, 'inPlace', isWhole, codeLanes, channels / codeLanes, 0)
  }
  // A tenth more of work is less than what rows and single bytes take.
  const wastes = filled * taps > 1.1 * roundUp(channels * taps, codeLanes)
  if (!isSmall && layer.dilationWidth === 1 && (wastes || (taps === 1 && filled > channels))) {
    const lineTaps = channels * layer.kernelWidth
    const pieces = Math.ceil(lineTaps / codeLanes)
    const quads = Math.max(2, Math.ceil(lineTaps / 4 / pieces))
    return { ...finishCut(layer, 'compact', false, 4 * quads, pieces * layer.kernelHeight, channels), lineTaps }
  }
  if (taps === 1 || isSmall || wastes) {
    const pixelBytes = roundUp(channels * taps, codeLanes)
    return finishCut(layer, 'planes', true, codeLanes, pixelBytes / codeLanes, pixelBytes)
  }
  return finishCut(layer, 'planes', false, codeLanes, (filled / codeLanes) * taps, filled)
}

/** Kernels in machine code copy what lies under each output pixel of a block: so many at most, since weights are read once for each block. */
const mostRows = 128

/** Scratch memory for that, of taps of so many bytes. */
export function rowsBytes(
  { batch, outHeight, outWidth }: ConvLayer,
  { run, runs }: Reduction,
  tapBytes: number,
): number {
  const rowBytes = roundUp(tapBytes * run * runs, 8)
  const fits = Math.max(8, 8 * Math.floor(patchBytes / rowBytes / 8))
  return rowBytes * Math.min(mostRows, fits, roundUp(batch * outHeight * outWidth, 8))
}

/** @param pixelBytes what is copied of each pixel, or of what lies under its window; 0 where nothing is */
function finishCut(
  layer: ConvLayer,
  codesAs: CodesForm,
  asRows: boolean,
  run: number,
  runs: number,
  pixelBytes: number,
): CodesCut {
  const { channels } = sizesOf(layer)
  const block = blockOf(layer, asRows, Math.max(pixelBytes, 1), mostPixels.codes)
  const pixels = block.blockLines * block.blockColumns
  const copied = block.lines * block.columns
  const tapChannels = codesAs === 'planes' && !asRows ? roundUp(channels, codeLanes) : channels
  return {
    ...{ tapChannels, run, runs, partRuns: runs, codesAs },
    args: {
      ...{ ...block, pixelBytes, run, runs, windowColumns: layer.kernelWidth, asRows },
      byChannels: sharesChannels(layer, 1, panelWidth * run * runs),
    },
    scratchBytes: total(
      ...[4 * runs, 4 * copied + 64, 4 * pixels + 16, 32 * pixels + 128, 32 * pixels, 64],
      // Behind copied lines as much is read as fills up a run.
      ...[pixelBytes, pixelBytes, copied * pixelBytes + codeLanes, readBeyond(layer)],
    ),
  }
}

/** Whether no window reaches beyond the input. */
const readsInside = (layer: ConvLayer): boolean =>
  layer.padTop === 0 &&
  layer.padLeft === 0 &&
  (layer.outHeight - 1) * layer.strideHeight + (layer.kernelHeight - 1) * layer.dilationHeight < layer.inHeight &&
  (layer.outWidth - 1) * layer.strideWidth + (layer.kernelWidth - 1) * layer.dilationWidth < layer.inWidth

/** Sums of pixels are read four at a time, the last up to three strides behind the last one. */
const readBeyond = ({ strideWidth }: ConvLayer): number => 12 * strideWidth

/** Each begins at a cache line. */
const total = (...bytes: number[]): number => bytes.reduce((sum, n) => sum + roundUp(n, 64), 0)

/** Output pixels of a block, and the lines and columns of the input under it that are copied. */
function blockOf(layer: ConvLayer, asRows: boolean, pixelBytes: number, most: number) {
  const { outHeight, outWidth, batch } = layer
  if (asRows) {
    const fits = Math.max(4, 4 * Math.floor(Math.min(patchBytes / pixelBytes, most) / 4))
    const blockColumns = Math.min(fits, roundUp(batch * outHeight * outWidth, 4))
    return { blockLines: 1, blockColumns, lines: 1, columns: blockColumns }
  }
  const linesUnder = (n: number) => (n - 1) * layer.strideHeight + (layer.kernelHeight - 1) * layer.dilationHeight + 1
  const columnsUnder = (n: number) => (n - 1) * layer.strideWidth + (layer.kernelWidth - 1) * layer.dilationWidth + 1
  const widest = Math.floor(patchBytes / pixelBytes / linesUnder(1) / layer.strideWidth)
  const shared = Math.ceil((batch * outHeight * outWidth) / mostThreads)
  const blockColumns = Math.min(outWidth, Math.max(8, widest), Math.max(leastColumns, shared), most)
  const columns = columnsUnder(blockColumns)
  let blockLines = blockColumns < outWidth ? 1 : Math.max(1, Math.min(outHeight, Math.floor(most / blockColumns)))
  while (blockLines > 1 && linesUnder(blockLines) * columns * pixelBytes > patchBytes) blockLines--
  return { blockLines, blockColumns, lines: linesUnder(blockLines), columns }
}

/** Threads share output channels where there are few pixels or more weights than input, else pixels. */
function sharesChannels(layer: ConvLayer, valueBytes: number, panelBytes: number): boolean {
  const panels = panelsOf(sizesOf(layer))
  const pixels = layer.batch * layer.outHeight * layer.outWidth
  const inputBytes = valueBytes * layer.inChannels * layer.batch * layer.inHeight * layer.inWidth
  return panels >= 8 && (pixels < 192 || panels * panelBytes > inputBytes)
}
