import {
  gradientTileIn,
  panelWidth,
  winogradColumns,
  winogradGap,
  winogradProducts,
} from '../../engine/kernels.generated.ts'
import { type ComputedWeights, factorsOf } from '../../packing/computed.ts'
import { inPieces, type WeightOrder } from '../../packing/convolution.ts'
import { isKnown } from '../../packing/weights.ts'
import { type Channels, packedWinogradFloats, packWinograd, tapsOf } from '../../packing/winograd.ts'
import { type Allocator, once, type Step, step } from '../step.ts'
import type { ConvLayer, ConvTensors } from './sizes.ts'

/*
 * Calls of the kernels in kernels/winograd.ts and kernels/winograd-gradient.ts: convolutions of 3×3 with stride 1, and the gradient of their weight,
 * with 16 products for 36.
 */

/** What a thread's block of tiles may take: it stays in the second-level cache. */
const blockBytes = 64 * 1024
/** The same in machine code, where all weights, or sums of their gradient, are read for each block: a quarter of what they take, within limits. */
const nativeBlockBytes = (weightBytes: number) => Math.min(768 * 1024, Math.max(128 * 1024, weightBytes / 4))
/** Between the matrices of a block. */
const gaps = winogradProducts * winogradGap
/** Of a channel of a tile: a float in each matrix. */
const matrixBytes = 4 * winogradProducts
/** Threads that get scratch memory of their own, where it is not more than `scratchLimit`; others stand idle. */
const mostThreads = 64
const scratchLimit = 2 * 1024 * 1024
/** With fewer channels the transforms cost what the products save; fewer tiles do not fill a block. */
const leastChannels = 8
const leastTiles = 16
/**
 * Transformed weights larger than this come from main memory, 16/9 as many as there were: with fewer tiles than `manyTiles` that costs most of what the products
 * save. (512 → 512 channels, 7×7: 1.1 to 1.2 times as fast for 7 MiB more; 14×14: 1.3 to 1.4. Smaller weights: 1.5 to 2.)
 */
const cachedBytes = 8 * 1024 * 1024
const manyTiles = 32

/** Tiles of 2×2 outputs. */
const tilesOf = ({ batch, outHeight, outWidth }: ConvLayer): number =>
  batch * Math.ceil(outHeight / 2) * Math.ceil(outWidth / 2)

/** Whether the layer is done with fewer products than it has. */
export function takesWinograd(layer: ConvLayer): boolean {
  const { kernelHeight, kernelWidth, strideHeight, strideWidth, dilationHeight, dilationWidth, groups } = layer
  const { inChannels, outChannels } = layer
  return (
    kernelHeight === 3 &&
    kernelWidth === 3 &&
    strideHeight * strideWidth * dilationHeight * dilationWidth * groups === 1 &&
    inChannels > leastChannels &&
    inChannels % 4 === 0 &&
    outChannels >= leastChannels &&
    outChannels % 4 === 0 &&
    tilesOf(layer) >= (64 * inChannels * outChannels > cachedBytes ? manyTiles : leastTiles)
  )
}

/** Scratch memory for blocks of tiles that take `perTile` bytes each, and `more` beside them. */
export function winogradBlocks(layer: ConvLayer, perTile: number, more: number, alloc: Allocator, bytes = blockBytes) {
  const tiles = Math.min(Math.floor(bytes / perTile), tilesOf(layer))
  const blockTiles = 4 * Math.max(1, Math.floor(tiles / 4))
  const scratchBytes = 64 * Math.ceil((blockTiles * perTile + more) / 64)
  const scratchThreads = Math.max(16, Math.min(mostThreads, Math.floor(scratchLimit / scratchBytes)))
  return { blockTiles, scratch: alloc.scratch(scratchBytes * scratchThreads), scratchBytes, scratchThreads }
}

export const winogradSizes = (layer: ConvLayer) => {
  const { batch, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, padTop, padLeft } = layer
  return { batch, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, padTop, padLeft }
}

/** @param order with `taps` in reverse: of a transposed convolution, whose `layer` is the ordinary one that it is then */
export function lowerWinograd(
  layer: ConvLayer,
  tensors: ConvTensors,
  order: WeightOrder,
  reversed: boolean,
  alloc: Allocator,
): Step[] {
  const { inChannels, outChannels } = layer
  const { packed, steps } = packInto(tensors, order, reversed, { inChannels, outChannels }, alloc)
  const { x, y, xPixel = inChannels, yPixel = outChannels, residual = 0, lo, hi } = tensors
  const perTile = matrixBytes * (inChannels + (alloc.native ? winogradColumns : panelWidth))
  const bytes = alloc.native ? nativeBlockBytes(sumsBytes(layer)) : blockBytes
  const products = step('winogradF32', {
    ...{ x, y, xPixel, yPixel, weights: packed, residual, lo, hi },
    ...winogradSizes(layer),
    ...winogradBlocks(layer, perTile, 2 * gaps + matrixBytes * inChannels, alloc, bytes),
  })
  return [...steps, products]
}

/** Packed now where the weights are known, else by a step that comes before the products. */
function packInto(
  { weights, bias, scale }: Pick<ConvTensors, 'weights' | 'bias' | 'scale'>,
  order: WeightOrder,
  reversed: boolean,
  channels: Channels,
  alloc: Allocator,
): { readonly packed: number; readonly steps: readonly Step[] } {
  const { inChannels, outChannels } = channels
  const count = packedWinogradFloats(outChannels, inChannels)
  if (isKnown(weights)) {
    const packed = once(alloc, 'winograd', (take) => {
      const start = take(4 * count)
      let at = start
      inPieces({ weights, bias, scale }, order, { groups: 1, ...channels }, (piece, _, columns) => {
        const size = packedWinogradFloats(columns, inChannels)
        const panels = new Float32Array(alloc.memory.buffer, at, size)
        packWinograd(panels, piece, order, reversed, { inChannels, outChannels: columns })
        at += 4 * size
      })
      return start
    })
    return { packed, steps: [] }
  }
  const packed = alloc.scratch(4 * count)
  return { packed, steps: [packStep(weights, packed, order, reversed, channels, alloc)] }
}

function packStep(
  given: ComputedWeights,
  packed: number,
  order: WeightOrder,
  reversed: boolean,
  channels: Channels,
  alloc: Allocator,
): Step {
  return step('packWinogradF32', {
    ...factorsOf(given, alloc),
    ...{ w: given.weights, packed, ...channels, ...tapsOf(order, reversed) },
    ...{ outStep: order.outChannel, inStep: order.inChannel },
  })
}

/** Parts of the sum over tiles: so many threads share the work, so many sums are kept. */
const mostChunks = 16
const leastChunks = 8
const chunkTiles = 16
const sumsLimit = 8 * 1024 * 1024

/** Of a chunk; as much as transformed weights take. */
const sumsBytes = ({ inChannels, outChannels }: Channels): number =>
  matrixBytes * outChannels * gradientTileIn * Math.ceil(inChannels / gradientTileIn)

const chunksOf = (layer: ConvLayer): number =>
  Math.min(mostChunks, Math.floor(tilesOf(layer) / chunkTiles), Math.floor(sumsLimit / sumsBytes(layer)))

export const takesWinogradGradient = (layer: ConvLayer): boolean =>
  takesWinograd(layer) && chunksOf(layer) >= leastChunks

/** dW of the layer, as ONNX has it; addresses. */
export function lowerWinogradGradient(
  layer: ConvLayer,
  { x, dy, dw }: { readonly x: number; readonly dy: number; readonly dw: number },
  alloc: Allocator,
): Step[] {
  const { inChannels, outChannels } = layer
  const chunks = chunksOf(layer)
  const sums = alloc.scratch(chunks * sumsBytes(layer))
  const perTile = matrixBytes * (inChannels + outChannels)
  const more = 2 * gaps + matrixBytes * Math.max(inChannels, outChannels)
  const bytes = alloc.native ? nativeBlockBytes(sumsBytes(layer)) : blockBytes
  return [
    step('winogradMomentsF32', {
      ...{ x, dy, sums, chunks },
      ...{ ...winogradSizes(layer), ...winogradBlocks(layer, perTile, more, alloc, bytes) },
    }),
    step('winogradWeightGradientF32', { sums, dw, chunks, outChannels, inChannels }),
  ]
}
