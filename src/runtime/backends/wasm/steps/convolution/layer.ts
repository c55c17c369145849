import { iohw, oihw } from '../../packing/convolution.ts'
import type { Allocator, Step } from '../step.ts'
import { lowerDenseLayer } from './dense.ts'
import { isDepthwise, lowerDepthwise, lowerDepthwiseTranspose } from './depthwise.ts'
import { lowerConvPanels, lowerTransposePanels } from './panels.ts'
import type { ConvLayer, ConvTensors, DenseSizes, DenseTensors } from './sizes.ts'
import { lowerWinograd, takesWinograd } from './winograd.ts'

/** Which kernel does a layer: the first that takes it. */
const convKernels: readonly {
  readonly takes: (layer: ConvLayer) => boolean
  /** Whether it makes fewer products than the definition of convolution, with rounding errors of its own. */
  readonly fewerProducts?: boolean
  readonly lower: (layer: ConvLayer, tensors: ConvTensors, alloc: Allocator) => Step[]
}[] = [
  { takes: isDepthwise, lower: lowerDepthwise },
  {
    takes: takesWinograd,
    fewerProducts: true,
    lower: (layer, tensors, alloc) =>
      lowerWinograd(layer, tensors, oihw(layer.outChannels, layer.inChannels, 9), false, alloc),
  },
  { takes: () => true, lower: lowerConvPanels },
]

/**
 * The kernel calls of a float32 convolution; its weights are packed into lasting memory.
 * @param direct only kernels that make every product of the definition
 */
export function lowerConv(layer: ConvLayer, tensors: ConvTensors, alloc: Allocator, direct = false): Step[] {
  const kernel = convKernels.find(({ takes, fewerProducts }) => takes(layer) && !(direct && fewerProducts))
  return kernel?.lower(layer, tensors, alloc) ?? []
}

/**
 * The kernel calls of a float32 transposed convolution. `stride`, `dilation`, `padTop` and `padLeft` are ConvTranspose's own.
 * @param direct as in `lowerConv`
 */
export function lowerConvTranspose(layer: ConvLayer, tensors: ConvTensors, alloc: Allocator, direct = false): Step[] {
  const depthwise = isDepthwise(layer) && layer.outChannels === layer.inChannels
  if (depthwise) return lowerDepthwiseTranspose(layer, tensors, alloc)
  // Steps of one pixel: an ordinary convolution with the taps in reverse.
  const turned = { ...layer, padTop: 2 - layer.padTop, padLeft: 2 - layer.padLeft }
  if (!direct && takesWinograd(turned))
    return lowerWinograd(turned, tensors, iohw(layer.outChannels, layer.inChannels, 9), true, alloc)
  return lowerTransposePanels(layer, tensors, alloc)
}

/** The kernel calls of y [rows, out] = x [rows, in] · weights + bias. */
export function lowerDense(sizes: DenseSizes, tensors: DenseTensors, alloc: Allocator): Step[] {
  return lowerDenseLayer(sizes, tensors, alloc)
}
