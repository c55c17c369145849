import { convTileRows, panelWidth } from '../../engine/kernels.generated.ts'
import { exactDots } from '../../engine/module.ts'
import {
  type CodeFilters,
  type CodeTaps,
  type CodeWeights,
  packCodes,
  packedCodeBytes,
  stepsOf,
} from '../../packing/codes.ts'
import { oihw, type WeightOrder } from '../../packing/convolution.ts'
import { indirectArgs, type Piece, whole } from '../convolution/indirect.ts'
import { gathering } from '../convolution/panels.ts'
import type { ConvLayer } from '../convolution/sizes.ts'
import { type Allocator, once, type Step, step } from '../step.ts'
import type { PlacedRun } from '../strides.ts'
import type { CodeTensors } from './tensors.ts'
import { lowerWinogradCodes, takesWinogradCodes } from './winograd.ts'

/*
 * Convolutions of bytes to bytes (kernels/conv-codes.ts), NHWC:
 *
 *   y[n, p, o] = clamp(round(m[o]·(b[o] + Σ_t Σ_c (x[n, p·stride + t·dilation − pad, c] − xZero)·w[o, c, t])) + yZero, lo, hi)
 *
 * where what lies beyond the input is xZero.
 */

/**
 * How products are made: of words in plain SIMD, all of them or Winograd's, or of bytes by relaxed dot products. All give the same codes where the latter are
 * exact.
 */
export type Products = 'words' | 'winograd' | 'bytes'

/** What a block of pixels may take: its table, and the input under it, which should stay in the second-level cache. */
const tableBytes = 12 * 1024
const blockInputBytes = 128 * 1024
/** Up to so many channels the neighbouring pixels of a line of the window are multiplied as one. */
const runsLimit = 8

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i)

/** Whether sums of products surely lie within 32 bits, whatever codes and weights are. */
export const sumsFit = ({ inChannels, groups, kernelHeight, kernelWidth }: ConvLayer): boolean =>
  (inChannels / groups) * kernelHeight * kernelWidth * 255 * 255 < 2 ** 31

/** Instructions with dot products of bytes: AVX-512 is taken where it has them. */
const withDots: ReadonlySet<string> = new Set(['AVX-512', 'AVX-VNNI', 'NEON-DotProd'])

function productsOf(layer: ConvLayer, weights: CodeWeights, { native }: Allocator): Products {
  const areBytes = weights instanceof Int8Array
  // Machine code multiplies more words, or bytes, at once than Winograd's products save.
  if (native) return areBytes && withDots.has(native.instructions) ? 'bytes' : 'words'
  if (areBytes && exactDots().products === 255) return 'bytes'
  return takesWinogradCodes(layer, weights) ? 'winograd' : 'words'
}

/** The kernel calls of a convolution of codes; its weights are packed into lasting memory. */
export function lowerConvCodes(
  layer: ConvLayer,
  tensors: CodeTensors,
  alloc: Allocator,
  products: Products = productsOf(layer, tensors.weights, alloc),
): Step[] {
  if (isDepthwise(layer)) return lowerDepthwiseCodes(layer, tensors, alloc)
  if (products === 'winograd') return lowerWinogradCodes(layer, tensors, alloc)
  const { batch, inHeight, inWidth, inChannels, groups, padTop, padLeft } = layer
  const { x, xRuns, xPixel = inChannels, xZero } = tensors
  const asBytes = products === 'bytes'
  const isApart = xRuns !== undefined || xPixel !== inChannels
  const width = asBytes ? 1 : 2
  // Few channels: a line of the window is one run of neighbours in a copy of the input with its padding.
  const fewChannels = groups === 1 && layer.kernelWidth > 1 && layer.dilationWidth === 1 && inChannels <= runsLimit
  const joins = fewChannels && !(asBytes && isApart)
  const outHeight = (layer.outHeight - 1) * layer.strideHeight + (layer.kernelHeight - 1) * layer.dilationHeight + 1
  const outWidth = (layer.outWidth - 1) * layer.strideWidth + layer.kernelWidth
  const isPadded = joins && (padTop > 0 || padLeft > 0 || outHeight > inHeight || outWidth > inWidth)
  const copied = isPadded
    ? { outHeight, outWidth, padTop, padLeft }
    : { outHeight: inHeight, outWidth: inWidth, padTop: 0, padLeft: 0 }
  /** The last step of a tap reads more than the tap has. */
  const isPart = asBytes && ((inChannels / groups) * (joins ? layer.kernelWidth : 1)) % 4 !== 0
  const copies = isPadded || !asBytes || (joins && isPart)
  // There is room behind a copy, which the last step reads.
  const from = copies ? alloc.scratch(width * batch * copied.outHeight * copied.outWidth * inChannels + 64) : x
  const sizes = { batch, height: inHeight, width: inWidth, ...copied }
  const copy = !copies
    ? []
    : asBytes
      ? [step('padF32', { x, y: from, ...sizes, pixelBytes: inChannels, border: xZero })]
      : (xRuns ?? [{ address: x, pixel: xPixel, count: inChannels, at: 0, step: 1 }]).map((run) =>
          step('widenU8', {
            ...{ x: run.address, y: from + 2 * run.at, ...sizes, channels: run.count, zero: xZero },
            ...{ xPixel: run.pixel, yPixel: inChannels, yStep: run.step },
          }),
        )
  const piece: Piece = {
    ...whole(layer),
    ...(isPadded ? { inHeight: outHeight, inWidth: outWidth, padTop: 0, padLeft: 0 } : {}),
    ...(joins ? { kernelWidth: 1 } : {}),
  }
  const cut = tapsOf(layer, tensors.order, joins, asBytes ? 4 : 2)
  const shared = {
    ...pieceArgs(piece, { ...tensors, x: from }, zeroPixel(width * cut.taps[0]!.length, asBytes ? xZero : 0, alloc)),
    ...{ inPixel: width * (copies ? inChannels : xPixel), groupStep: (width * inChannels) / groups },
    ...cutWork(
      piece,
      width,
      cut.taps.length,
      packedCodeBytes({ groups, outChannels: layer.outChannels / groups }, cut),
      alloc,
      isPart && !copies && !xRuns,
      copies ? undefined : xRuns,
    ),
    weights: packed(layer, tensors, cut, asBytes, alloc),
    ...{ steps: stepsOf(cut), groups, outChannels: layer.outChannels / groups },
  }
  return [...copy, step(asBytes ? 'convU8' : 'convI16', shared)]
}

const isDepthwise = ({ groups, inChannels, outChannels }: ConvLayer): boolean =>
  groups > 1 && groups === inChannels && groups === outChannels

/** Every channel has a filter of its own: 8 channels are a panel, whose reduction are the taps. */
function lowerDepthwiseCodes(layer: ConvLayer, tensors: CodeTensors, alloc: Allocator): Step[] {
  const { inChannels, kernelHeight, kernelWidth } = layer
  const { xPixel = inChannels } = tensors
  const taps = kernelHeight * kernelWidth
  const cut: CodeTaps = { taps: [range(taps)], lanes: 2 }
  const asOne = { ...layer, groups: 1 }
  const order = { group: 0, outChannel: taps, inChannel: 0, tap: 1 }
  return [
    step('depthwiseU8', {
      ...pieceArgs(whole(layer), tensors, zeroPixel(inChannels, tensors.xZero, alloc)),
      ...{ inPixel: xPixel, groupStep: 0 },
      ...cutWork(whole(asOne), 1, taps, 0, alloc),
      weights: packed(asOne, { ...tensors, order }, cut, true, alloc),
      ...{ steps: stepsOf(cut), groups: 1, outChannels: layer.outChannels },
    }),
  ]
}

/** A pixel of padding, and what is read behind it. */
function zeroPixel(bytes: number, zero: number, alloc: Allocator): number {
  const at = alloc.alloc(bytes + 64)
  new Uint8Array(alloc.memory.buffer, at, bytes + 64).fill(zero)
  return at
}

const pieceArgs = (piece: Piece, { x, y, yPixel, yZero, lo, hi }: CodeTensors, zeros: number) => ({
  ...indirectArgs(piece, { x, y, lo: lo - yZero, hi: hi - yZero }, zeros),
  ...outputBytes(piece, yPixel),
  outZero: yZero,
})

/** Bytes from one output to the next. */
const outputBytes = ({ outHeight, outWidth, outChannels }: ConvLayer, yPixel = outChannels) => ({
  ...{ yPixel, yRow: outWidth * yPixel, yImage: outHeight * outWidth * yPixel },
})

/** @param joins whether a line of the window is one tap */
function tapsOf(layer: ConvLayer, given: WeightOrder | undefined, joins: boolean, lanes: 2 | 4): CodeTaps {
  const { kernelHeight, kernelWidth, groups } = layer
  const channels = layer.inChannels / groups
  const order = given ?? oihw(layer.outChannels / groups, channels, kernelHeight * kernelWidth)
  const channelsOf = (tap: number) => range(channels).map((c) => tap * order.tap + c * order.inChannel)
  const all = range(kernelHeight * kernelWidth).map(channelsOf)
  if (!joins) return { taps: all, lanes }
  return { taps: range(kernelHeight).map((ky) => all.slice(ky * kernelWidth, (ky + 1) * kernelWidth).flat()), lanes }
}

function packed(
  layer: ConvLayer,
  { weights, order, bias, factors, xZero }: CodeTensors,
  cut: CodeTaps,
  asBytes: boolean,
  alloc: Allocator,
): number {
  const { groups } = layer
  const outChannels = layer.outChannels / groups
  const channels = layer.inChannels / groups
  const filters: CodeFilters = {
    ...{ weights, groups, outChannels },
    order: order ?? oihw(outChannels, channels, layer.kernelHeight * layer.kernelWidth),
    // Words come without their zero point.
    first: (filter, sum) => (bias?.[filter] ?? 0) - (asBytes ? xZero * sum : 0),
    factor: (filter) => factors[filter]!,
  }
  const bytes = packedCodeBytes(filters, cut)
  return once(alloc, `codes ${asBytes} ${cut.taps.length}`, (take) => {
    const at = take(bytes)
    packCodes(new Uint8Array(alloc.memory.buffer, at, bytes), filters, cut)
    return at
  })
}

/**
 * Which pixels become a block, and what threads share.
 * @param width bytes of a channel of x
 * @param hasLast whether a thread has a copy of the last pixel of x
 * @param xRuns where the bytes of a pixel lie that are put together for a block
 */
function cutWork(
  piece: Piece,
  width: number,
  taps: number,
  weightBytes: number,
  alloc: Allocator,
  hasLast = false,
  xRuns?: readonly PlacedRun[],
) {
  const { batch, outHeight, outWidth, groups, inChannels } = piece
  const tileEntries = convTileRows * (1 + taps)
  const tiles = Math.ceil((batch * outHeight * outWidth) / convTileRows)
  const inputUnderTile = width * convTileRows * piece.strideHeight * piece.strideWidth * inChannels
  const blockTiles = Math.max(
    1,
    Math.min(tiles, Math.floor(tableBytes / (4 * tileEntries)), Math.floor(blockInputBytes / inputUnderTile)),
  )
  const panels = groups * Math.ceil(piece.outChannels / groups / panelWidth)
  const inputBytes = width * batch * piece.inHeight * piece.inWidth * inChannels
  const entryBytes = 4 * tileEntries * blockTiles
  const own = 64 * Math.ceil((entryBytes + (hasLast ? width * inChannels + 4 : 0)) / 64)
  const { runs, count: runCount, bytes, threads: scratchThreads } = gathering(piece, xRuns, 1, blockTiles, alloc)
  const scratchBytes = own + bytes
  return {
    ...{ lastPixel: hasLast ? entryBytes : 0, runs, runCount, gathered: own },
    ...{ scratch: alloc.scratch(scratchBytes * scratchThreads), scratchBytes, scratchThreads },
    // Threads share output channels where there are few pixels or more weights than input, else pixels.
    ...{ blockTiles, byChannels: panels >= 8 && (tiles < 16 || weightBytes > inputBytes) },
  }
}
