import { convTileRows, panelWidth } from '../../engine/kernels.generated.ts'
import { type PackedWeights, packPanelsSteps } from '../../packing/computed.ts'
import { inPieces, iohw, oihw, packedFloats, packPanels, type WeightOrder } from '../../packing/convolution.ts'
import { isKnown } from '../../packing/weights.ts'
import { type Allocator, once, type Step, step } from '../step.ts'
import type { PlacedRun } from '../strides.ts'
import { indirectArgs, type Piece, type PieceTensors, whole } from './indirect.ts'
import type { ConvLayer, ConvTensors, DenseSizes, DenseTensors } from './sizes.ts'
import { sparseSteps } from './sparse.ts'

/*
 * Calls of `convF32`, the indirect matrix product of kernels/conv-f32.ts:
 *
 *   y[n, p, o] = clamp(b[o] + Σ_t Σ_c x[n, p·stride + t·dilation − pad, c] · w[o, c, t] + residual[n, p, o])
 */

/** Threads that get a table of their own; more than these stand idle. */
export const mostThreads = 64
/** What a block of pixels may take: its table, and the input under it, which should stay in the second-level cache. */
const tableBytes = 12 * 1024
const blockInputBytes = 256 * 1024

/** Less where pixels are put together for a block, and weights stay in that cache when they are read for every block. */
const gatheredBytes = 64 * 1024
const cachedBytes = 512 * 1024
/** Threads that get scratch memory of their own where it is large; others stand idle. */
const leastThreads = 16
const scratchLimit = 2 * 1024 * 1024

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i)

/** @param channels input channels of a group, as the kernel sees them */
function panelStep(
  piece: Piece,
  tensors: PieceTensors,
  packed: number,
  zeros: number,
  alloc: Allocator,
  channels = piece.inChannels / piece.groups,
): Step {
  const { groups, batch, outHeight, outWidth, kernelHeight, kernelWidth } = piece
  const outChannels = piece.outChannels / groups
  const tileEntries = convTileRows * (1 + kernelHeight * kernelWidth)
  const tiles = Math.ceil((batch * outHeight * outWidth) / convTileRows)
  const inputUnderTile = 4 * convTileRows * piece.strideHeight * piece.strideWidth * piece.inChannels
  const weights = packedFloats(groups, outChannels, channels, kernelHeight * kernelWidth)
  const inputBytes = tensors.xRuns && 4 * weights < cachedBytes ? gatheredBytes : blockInputBytes
  const blockTiles = Math.max(
    1,
    Math.min(tiles, Math.floor(tableBytes / (4 * tileEntries)), Math.floor(inputBytes / inputUnderTile)),
  )
  const tableOf = 64 * Math.ceil((4 * tileEntries * blockTiles) / 64)
  const gathers = gathering(piece, tensors.xRuns, 4, blockTiles, alloc)
  const scratchBytes = tableOf + gathers.bytes
  const panels = groups * Math.ceil(outChannels / panelWidth)
  return step('convF32', {
    ...indirectArgs(piece, tensors, zeros),
    ...{ scratch: alloc.scratch(scratchBytes * gathers.threads), scratchBytes, scratchThreads: gathers.threads },
    ...{ runs: gathers.runs, runCount: gathers.count, gathered: tableOf },
    weights: packed,
    ...{ channels, outChannels, groups, groupStep: 4 * channels },
    ...{ blockTiles, byChannels: sharesChannels(tiles, panels, weights, piece) },
  })
}

/**
 * What a block is put together of, where channels lie in runs: their table, and scratch memory of each thread.
 * @param size bytes of a channel
 */
export function gathering(
  piece: Piece,
  xRuns: readonly PlacedRun[] | undefined,
  size: 1 | 4,
  blockTiles: number,
  alloc: Allocator,
) {
  if (!xRuns) return { runs: 0, count: 0, bytes: 0, threads: mostThreads }
  const table = xRuns.flatMap(({ address, pixel, count, at, step }) => [address, size * pixel, count, at, step])
  const runs = alloc.alloc(4 * table.length)
  new Int32Array(alloc.memory.buffer, runs, table.length).set(table)
  // The last step of bytes reads more than a pixel has.
  const bytes = 64 * Math.ceil((size * convTileRows * blockTiles * piece.inChannels + 4) / 64)
  const threads = Math.max(leastThreads, Math.min(mostThreads, Math.floor(scratchLimit / bytes)))
  return { runs, count: xRuns.length, bytes, threads }
}

/** Threads share output channels where there are few pixels or more weights than input, else pixels. */
function sharesChannels(tiles: number, panels: number, weights: number, layer: ConvLayer): boolean {
  if (panels < 8) return false
  return tiles < 16 || weights > layer.batch * layer.inHeight * layer.inWidth * layer.inChannels
}

/** Packed now where the weights are known, else by a step that comes before the product. */
function packInto(
  alloc: Allocator,
  filters: Pick<ConvTensors, 'weights' | 'bias' | 'scale'>,
  order: WeightOrder,
  sizes: { readonly groups: number; readonly outChannels: number; readonly inChannels: number },
  taps: readonly number[],
): PackedWeights {
  const { weights } = filters
  if (!isKnown(weights)) return packPanelsSteps(weights, order, sizes, taps, alloc)
  const count = packedFloats(sizes.groups, sizes.outChannels, sizes.inChannels, taps.length)
  const packed = once(alloc, `panels ${taps}`, (take) => {
    const start = take(4 * count)
    let at = start
    inPieces({ ...filters, weights }, order, sizes, (piece, groups, outChannels) => {
      const size = packedFloats(groups, outChannels, sizes.inChannels, taps.length)
      const panels = new Float32Array(alloc.memory.buffer, at, size)
      packPanels(panels, piece, order, { ...sizes, groups, outChannels }, taps)
      at += 4 * size
    })
    return start
  })
  return { packed, steps: [] }
}

/**
 * A piece's product: without the weights that are 0, or with all.
 * @param zeros where a pixel of zeros lies; asked for when the weights are packed
 */
function productSteps(
  piece: Piece,
  tensors: ConvTensors,
  order: WeightOrder,
  taps: readonly number[],
  zeros: () => number,
  alloc: Allocator,
  isSparse: boolean,
): Step[] {
  const { weights } = tensors
  if (isSparse && isKnown(weights)) return sparseSteps(piece, { ...tensors, weights }, order, taps, zeros, alloc)
  const { packed, steps } = packInto(alloc, tensors, order, perGroup(piece), taps)
  return [...steps, panelStep(piece, tensors, packed, zeros(), alloc)]
}

/** Sizes per group. */
const perGroup = ({ groups, inChannels, outChannels }: ConvLayer) => ({
  groups,
  inChannels: inChannels / groups,
  outChannels: outChannels / groups,
})

/**
 * Few input channels: a row of the window is one run of kernelWidth · channels values in a padded copy of the input, so that the inner loop
 * is long and the table short.
 */
const runsLimit = 8

const hasRuns = (layer: ConvLayer): boolean =>
  layer.groups === 1 && layer.kernelWidth > 1 && layer.dilationWidth === 1 && layer.inChannels <= runsLimit

/** @param isSparse products with weights of 0 are left out */
export function lowerConvPanels(layer: ConvLayer, tensors: ConvTensors, alloc: Allocator, isSparse = false): Step[] {
  const sizes = perGroup(layer)
  const taps = layer.kernelHeight * layer.kernelWidth
  const order = oihw(sizes.outChannels, sizes.inChannels, taps)
  // Runs are copied with a border, which takes pixels that lie side by side.
  const isDense = (tensors.xPixel ?? layer.inChannels) === layer.inChannels
  if (isSparse || !hasRuns(layer) || !isDense) {
    const zeros = () => alloc.alloc(4 * layer.inChannels)
    return productSteps(whole(layer), tensors, order, range(taps), zeros, alloc, isSparse)
  }
  const { packed, steps } = packInto(alloc, tensors, order, sizes, range(taps))
  const { batch, inHeight, inWidth, inChannels, padTop, padLeft } = layer
  const outHeight = (layer.outHeight - 1) * layer.strideHeight + (layer.kernelHeight - 1) * layer.dilationHeight + 1
  const outWidth = (layer.outWidth - 1) * layer.strideWidth + layer.kernelWidth
  const isPadded = padTop > 0 || padLeft > 0 || outHeight > inHeight || outWidth > inWidth
  const padded = isPadded ? alloc.scratch(4 * batch * outHeight * outWidth * inChannels) : tensors.x
  const runs: Piece = {
    ...whole(layer),
    ...(isPadded ? { inHeight: outHeight, inWidth: outWidth, padTop: 0, padLeft: 0 } : {}),
    kernelWidth: 1,
  }
  const product = panelStep(runs, { ...tensors, x: padded }, packed, padded, alloc, layer.kernelWidth * inChannels)
  if (!isPadded) return [...steps, product]
  const pad = step('padF32', {
    ...{ x: tensors.x, y: padded, batch, height: inHeight, width: inWidth, pixelBytes: 4 * inChannels },
    ...{ outHeight, outWidth, padTop, padLeft, border: 0 },
  })
  return [...steps, pad, product]
}

/**
 * Along one axis, the outputs o ≡ `phase` (mod stride) of a transposed convolution are an ordinary convolution with the taps k for which
 * o + pad − k·dilation is a multiple of the stride, in falling order so that the input position rises.
 */
function phaseOf(phase: number, size: number, kernel: number, stride: number, dilation: number, pad: number) {
  const taps = range(kernel)
    .filter((k) => (((phase + pad - k * dilation) % stride) + stride) % stride === 0)
    .reverse()
  const [first = 0, second = first] = taps
  return {
    taps,
    count: Math.max(0, Math.ceil((size - phase) / stride)),
    /** Input position under output 0 of this phase and its first tap, with a minus. */
    pad: taps.length === 0 ? 0 : -(phase + pad - first * dilation) / stride,
    dilation: ((first - second) * dilation) / stride || 1,
  }
}

/** @param isSparse products with weights of 0 are left out */
export function lowerTransposePanels(
  layer: ConvLayer,
  tensors: ConvTensors,
  alloc: Allocator,
  isSparse = false,
): Step[] {
  const { kernelHeight, kernelWidth, strideHeight, strideWidth, outHeight, outWidth } = layer
  const sizes = perGroup(layer)
  const order = iohw(sizes.outChannels, sizes.inChannels, kernelHeight * kernelWidth)
  const zeros = alloc.alloc(4 * layer.inChannels)
  return range(strideHeight * strideWidth).flatMap((i) => {
    const top = Math.floor(i / strideWidth)
    const left = i % strideWidth
    const rows = phaseOf(top, outHeight, kernelHeight, strideHeight, layer.dilationHeight, layer.padTop)
    const columns = phaseOf(left, outWidth, kernelWidth, strideWidth, layer.dilationWidth, layer.padLeft)
    if (rows.count * columns.count === 0) return []
    const taps = rows.taps.flatMap((ky) => columns.taps.map((kx) => ky * kernelWidth + kx))
    const piece: Piece = {
      ...layer,
      outHeight: rows.count,
      outWidth: columns.count,
      kernelHeight: rows.taps.length,
      kernelWidth: columns.taps.length,
      strideHeight: 1,
      strideWidth: 1,
      dilationHeight: rows.dilation,
      dilationWidth: columns.dilation,
      padTop: rows.pad,
      padLeft: columns.pad,
      output: {
        first: top * outWidth + left,
        pixel: strideWidth,
        row: strideHeight * outWidth,
        image: outHeight * outWidth,
      },
    }
    return productSteps(piece, tensors, order, taps, () => zeros, alloc, isSparse)
  })
}

/** The rows of a product as the pixels of a 1×1 convolution. */
export const denseLayer = ({ rows, inFeatures, outFeatures }: DenseSizes): ConvLayer => ({
  ...{ batch: 1, inHeight: 1, inWidth: rows, inChannels: inFeatures },
  ...{ outHeight: 1, outWidth: rows, outChannels: outFeatures, groups: 1 },
  ...{ kernelHeight: 1, kernelWidth: 1, strideHeight: 1, strideWidth: 1, dilationHeight: 1, dilationWidth: 1 },
  ...{ padTop: 0, padLeft: 0 },
})

/** How a linear layer's weights lie. */
export const denseOrder = (
  { inFeatures, outFeatures }: DenseSizes,
  { transposed }: Pick<DenseTensors, 'transposed'>,
): WeightOrder =>
  transposed
    ? { group: 0, outChannel: inFeatures, inChannel: 1, tap: 0 }
    : { group: 0, outChannel: 1, inChannel: outFeatures, tap: 0 }

/** @param isSparse products with weights of 0 are left out */
export function lowerDensePanels(sizes: DenseSizes, tensors: DenseTensors, alloc: Allocator, isSparse = false): Step[] {
  const order = denseOrder(sizes, tensors)
  return productSteps(whole(denseLayer(sizes)), tensors, order, [0], () => 0, alloc, isSparse)
}
