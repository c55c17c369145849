import { convTileRows, sparseTileRows } from '../../engine/kernels.generated.ts'
import { zeroShare } from '../../packing/sparse.ts'
import { isKnown } from '../../packing/weights.ts'
import { type Allocator, once } from '../step.ts'
import type { ConvLayer, ConvTensors } from './sizes.ts'
import { fitsSparse } from './sparse.ts'
import { type SparseCosts, sparseCosts } from './sparse-costs.ts'

/**
 * When products with weights of 0 are left out: where that is faster by what this machine takes for either ('measured'), wherever there is a kernel for it,
 * or never.
 */
export type SparseChoice = 'measured' | 'always' | 'never'

/** With a smaller share of zeros nothing is gained on any machine: they are not counted. */
const leastShare = 0.1
/**
 * Winograd's products have rounding errors of their own, so that a clock must not decide between them and sums without zeros: this share of zeros does. With it
 * those were 1.3 to 1.6 times as fast as Winograd's (docs/decisions/0024).
 */
const winogradShare = 0.75

/** The same of a linear layer's single row, whose sums are made in another order than `denseF32` makes them. */
const rowShare = 0.85

type Weights = Pick<ConvTensors, 'weights' | 'bias' | 'scale'>

/**
 * Whether a layer is done without the products of its zeros.
 * @param winograd whether it would otherwise be done with Winograd's products
 */
export const takesSparse = (
  layer: ConvLayer,
  tensors: Weights,
  alloc: Allocator,
  choice?: SparseChoice,
  winograd = false,
): boolean =>
  fitsSparse(layer) &&
  isWorth(tensors, alloc, choice, (share) =>
    winograd ? share >= winogradShare : isFaster(layer, share, sparseCosts(alloc.native)),
  )

/** Whether a linear layer's single row is. */
export const takesSparseRow = (tensors: Weights, alloc: Allocator, choice?: SparseChoice): boolean =>
  isWorth(tensors, alloc, choice, (share) => share >= rowShare)

function isWorth(
  { weights, bias, scale }: Weights,
  alloc: Allocator,
  choice: SparseChoice = 'never',
  enough: (share: number) => boolean,
): boolean {
  if (choice === 'never' || !isKnown(weights)) return false
  // 0 times an odd factor is not 0, and a sum that begins with −0 may end with another sign.
  if (scale?.some((s) => !Number.isFinite(s)) || bias?.some((b) => Object.is(b, -0))) return false
  if (choice === 'always') return true
  const share = once(alloc, 'share of zeros', () => zeroShare(weights, leastShare))
  return share >= leastShare && enough(share)
}

/** A layer has to be faster by this factor: larger ones than the probe wait for memory. */
const margin = 1.25

/**
 * Whether a layer without its zeros is faster than with them.
 * @param share of its weights that is 0
 */
export function isFaster(layer: ConvLayer, share: number, costs: SparseCosts): boolean {
  const { batch, outHeight, outWidth, inChannels, outChannels, groups } = layer
  const taps = layer.kernelHeight * layer.kernelWidth
  const pixels = (tile: number) => tile * Math.ceil((batch * outHeight * outWidth) / tile)
  const weights = (taps * inChannels * outChannels) / groups
  const sparse = costs.sparseProduct * (1 - share) * weights + costs.turned * (taps * inChannels + outChannels)
  return margin * pixels(sparseTileRows) * sparse < pixels(convTileRows) * costs.product * weights
}
