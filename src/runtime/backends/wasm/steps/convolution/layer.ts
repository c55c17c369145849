import { iohw, oihw, type WeightOrder } from '../../packing/convolution.ts'
import { isKnown } from '../../packing/weights.ts'
import { hasEvenTaps } from '../../packing/winograd.ts'
import { copyRun } from '../layout.ts'
import { type Allocator, once, type Step } from '../step.ts'
import type { PlacedRun } from '../strides.ts'
import { lowerDenseLayer } from './dense.ts'
import { isDepthwise, lowerDepthwise, lowerDepthwiseTranspose } from './depthwise.ts'
import { lowerConvPanels, lowerTransposePanels } from './panels.ts'
import type { ConvLayer, ConvTensors, DenseSizes, DenseTensors } from './sizes.ts'
import { type SparseChoice, takesSparse } from './sparse-choice.ts'
import { lowerWinograd, takesWinograd } from './winograd.ts'

/** Which kernels a layer may be done by. */
export interface KernelChoice {
  /** Only kernels that make every product of the definition, or those that are not 0. Default false. */
  readonly direct?: boolean
  /** Default 'never'. */
  readonly sparse?: SparseChoice
}

/** The kernel calls of a float32 convolution; its weights are packed into lasting memory. */
export function lowerConv(layer: ConvLayer, tensors: ConvTensors, alloc: Allocator, choice: KernelChoice = {}): Step[] {
  if (isDepthwise(layer)) return lowerDepthwise(layer, tensors, alloc)
  const order = oihw(layer.outChannels, layer.inChannels, 9)
  const winograd = !choice.direct && takesWinograd(layer) && keepsTaps(layer, tensors, order, alloc)
  const isSparse = takesSparse(layer, tensors, alloc, choice.sparse, winograd)
  if (isSparse && tensors.xRuns) {
    const { x, steps } = together(layer, tensors.xRuns, alloc)
    return [...steps, ...lowerConvPanels(layer, { ...tensors, x, xPixel: undefined, xRuns: undefined }, alloc, true)]
  }
  if (!winograd || isSparse) return lowerConvPanels(layer, tensors, alloc, isSparse)
  return lowerWinograd(layer, tensors, order, false, alloc)
}

/** Whether Winograd's products lose no weight beside larger ones, as far as that is known. */
const keepsTaps = (
  layer: ConvLayer,
  { weights, ...rest }: ConvTensors,
  order: WeightOrder,
  alloc: Allocator,
): boolean => !isKnown(weights) || once(alloc, 'even taps', () => hasEvenTaps({ ...rest, weights }, order, layer))

/** Channels that lie in runs side by side, for kernels that take no runs. */
function together({ batch, inHeight, inWidth, inChannels }: ConvLayer, runs: readonly PlacedRun[], alloc: Allocator) {
  const pixels = batch * inHeight * inWidth
  const x = alloc.scratch(4 * pixels * inChannels)
  return { x, steps: runs.flatMap((run) => copyRun(run, { address: x, pixel: inChannels }, pixels)) }
}

/**
 * The kernel calls of a float32 transposed convolution. `stride`, `dilation`, `padTop` and `padLeft` are ConvTranspose's own.
 */
export function lowerConvTranspose(
  layer: ConvLayer,
  tensors: ConvTensors,
  alloc: Allocator,
  choice: KernelChoice = {},
): Step[] {
  const depthwise = isDepthwise(layer) && layer.outChannels === layer.inChannels
  if (depthwise) return lowerDepthwiseTranspose(layer, tensors, alloc)
  // Steps of one pixel: an ordinary convolution with the taps in reverse.
  const turned = { ...layer, padTop: 2 - layer.padTop, padLeft: 2 - layer.padLeft }
  const order = iohw(layer.outChannels, layer.inChannels, 9)
  const winograd = !choice.direct && takesWinograd(turned) && keepsTaps(layer, tensors, order, alloc)
  const isSparse = takesSparse(layer, tensors, alloc, choice.sparse, winograd)
  if (!winograd || isSparse) return lowerTransposePanels(layer, tensors, alloc, isSparse)
  return lowerWinograd(turned, tensors, order, true, alloc)
}

/** The kernel calls of y [rows, out] = x [rows, in] · weights + bias. */
export function lowerDense(
  sizes: DenseSizes,
  tensors: DenseTensors,
  alloc: Allocator,
  { sparse }: Pick<KernelChoice, 'sparse'> = {},
): Step[] {
  return lowerDenseLayer(sizes, tensors, alloc, sparse)
}
