import { sparseTileRows } from '../../engine/kernels.generated.ts'
import type { KnownFilters, WeightOrder } from '../../packing/convolution.ts'
import { packSparse, type SparseFilters } from '../../packing/sparse.ts'
import { type Allocator, once, type Step, step } from '../step.ts'
import { indirectArgs, type Piece } from './indirect.ts'
import type { ConvLayer, ConvTensors, DenseSizes, DenseTensors } from './sizes.ts'

/*
 * Calls of the kernels in kernels/sparse-f32.ts: sums without the products of weights that are 0, those of `convF32` to the bit.
 */

/** Pieces of work that there should be at least, so that threads have about equally much; and channels of each, so that a tile is worth turning. */
const leastItems = 64
const leastBlock = 32
/** Output channels whose sums are turned back together. */
const turnedBack = 4
/** What a turned tile may take: it stays in the second-level cache. */
const tileLimit = 512 * 1024
/** Threads that get scratch memory of their own, where it is not more than `scratchLimit`; others stand idle. */
const mostThreads = 64
const leastThreads = 16
const scratchLimit = 2 * 1024 * 1024

const scratchOf = ({ kernelHeight, kernelWidth, inChannels }: ConvLayer): number => {
  const taps = kernelHeight * kernelWidth
  return 4 * sparseTileRows * (4 + taps * inChannels + (1 + taps))
}

/** Whether what lies under a tile of output pixels fits where it is kept. */
export const fitsSparse = (layer: ConvLayer): boolean => scratchOf(layer) <= tileLimit

const tilesOf = ({ batch, outHeight, outWidth }: Piece): number =>
  Math.ceil((batch * outHeight * outWidth) / sparseTileRows)

/** Output channels of a block: all of them where there are many tiles. */
function blockChannelsOf(piece: Piece): number {
  const blocks = Math.min(Math.ceil(leastItems / tilesOf(piece)), Math.ceil(piece.outChannels / leastBlock))
  return turnedBack * Math.ceil(piece.outChannels / blocks / turnedBack)
}

/** Weights that are not 0, and where those of each few output channels begin. */
const packInto = (alloc: Allocator, given: SparseFilters) =>
  once(alloc, `sparse ${given.rowBytes} ${given.taps}`, (take) => {
    const { groups, outChannels } = given.sizes
    const count = packSparse(given)
    const weights = take(4 * count)
    const starts = take(4 * Math.ceil((groups * outChannels) / turnedBack))
    const begins = new Int32Array(alloc.memory.buffer, starts)
    packSparse(given, new Int32Array(alloc.memory.buffer, weights, count), (channel, at) => {
      if (channel % turnedBack === 0) begins[channel / turnedBack] = 4 * at
    })
    return { weights, starts }
  })

/**
 * @param taps which taps to take, in order
 * @param zeros where a pixel of zeros lies, all groups'
 */
export function sparseSteps(
  piece: Piece,
  tensors: Omit<ConvTensors, 'weights'> & KnownFilters,
  order: WeightOrder,
  taps: readonly number[],
  zeros: () => number,
  alloc: Allocator,
): Step[] {
  const { groups, inChannels, outChannels } = piece
  const sizes = { groups, inChannels: inChannels / groups, outChannels: outChannels / groups }
  const packed = packInto(alloc, { filters: tensors, order, sizes, taps, rowBytes: 4 * sparseTileRows })
  const scratchBytes = 64 * Math.ceil(scratchOf(piece) / 64)
  const scratchThreads = Math.max(leastThreads, Math.min(mostThreads, Math.floor(scratchLimit / scratchBytes)))
  return [
    step('sparseConvF32', {
      ...indirectArgs(piece, tensors, zeros()),
      ...{ scratch: alloc.scratch(scratchBytes * scratchThreads), scratchBytes, scratchThreads },
      ...packed,
      ...{ channels: inChannels, outChannels, groups, blockChannels: blockChannelsOf(piece) },
    }),
  ]
}

/** One row, `sparseDenseF32`: the sums of `denseF32` in another order. */
export function sparseRowSteps(
  { inFeatures, outFeatures }: DenseSizes,
  tensors: Omit<DenseTensors, 'weights'> & KnownFilters,
  order: WeightOrder,
  alloc: Allocator,
): Step[] {
  const { x, y, lo, hi } = tensors
  const sizes = { groups: 1, inChannels: inFeatures, outChannels: outFeatures }
  const packed = packInto(alloc, { filters: tensors, order, sizes, taps: [0], rowBytes: 4 })
  return [step('sparseDenseF32', { x, ...packed, y, inFeatures, outFeatures, lo, hi })]
}
