import type { KernelArgs } from './abi.ts'
import { lowerDensePanels } from './conv-f32.ts'
import type { DenseSizes, DenseTensors } from './conv-layer.ts'
import type { Allocator, Step } from './step.ts'

/**
 * One row: `denseF32`, which reads the weights once as they come ([out, in]). More rows, or weights that are computed while running: the matrix
 * product of convolutions.
 */
export function lowerDenseLayer(sizes: DenseSizes, tensors: DenseTensors, alloc: Allocator): Step[] {
  const { rows, inFeatures, outFeatures } = sizes
  const { weights: given } = tensors
  if (rows !== 1 || tensors.residual || !(given instanceof Float32Array)) return lowerDensePanels(sizes, tensors, alloc)
  const weights = alloc.alloc(4 * inFeatures * outFeatures)
  const bias = alloc.alloc(4 * outFeatures)
  if (tensors.bias) new Float32Array(alloc.memory.buffer, bias, outFeatures).set(tensors.bias)
  const packed = new Float32Array(alloc.memory.buffer, weights, inFeatures * outFeatures)
  if (tensors.transposed) packed.set(given)
  else
    for (let c = 0, from = 0; c < inFeatures; c++)
      for (let o = 0; o < outFeatures; o++) packed[o * inFeatures + c] = given[from++] as number
  const args: KernelArgs<'denseF32'> = {
    x: tensors.x,
    weights,
    bias,
    y: tensors.y,
    inFeatures,
    outFeatures,
    loF: tensors.lo,
    hiF: tensors.hi,
  }
  return [{ kernel: 'denseF32', args }]
}
