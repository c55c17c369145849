import { isKnown, type KnownWeights, pieceBytes, wholeFloats } from '../../packing/weights.ts'
import { type Allocator, once, type Step, step } from '../step.ts'
import { denseLayer, denseOrder, lowerDensePanels } from './panels.ts'
import type { DenseSizes, DenseTensors } from './sizes.ts'
import { sparseRowSteps } from './sparse.ts'
import { type SparseChoice, takesSparse, takesSparseRow } from './sparse-choice.ts'

/**
 * One row: `denseF32`, which reads the weights once as they come ([out, in]). More rows, or weights that are computed while running: the matrix
 * product of convolutions.
 */
export function lowerDenseLayer(
  sizes: DenseSizes,
  tensors: DenseTensors,
  alloc: Allocator,
  sparse?: SparseChoice,
): Step[] {
  const { rows, inFeatures, outFeatures } = sizes
  const { weights: given } = tensors
  if (rows !== 1 || tensors.residual || !isKnown(given))
    return lowerDensePanels(sizes, tensors, alloc, takesSparse(denseLayer(sizes), tensors, alloc, sparse))
  if (takesSparseRow(tensors, alloc, sparse))
    return sparseRowSteps(sizes, { ...tensors, weights: given }, denseOrder(sizes, tensors), alloc)
  const { weights, bias } = once(alloc, 'rows', (take) => pack(sizes, { ...tensors, weights: given }, alloc, take))
  const { x, y, lo, hi } = tensors
  return [step('denseF32', { x, weights, bias, y, inFeatures, outFeatures, lo, hi })]
}

function pack(
  { inFeatures, outFeatures }: DenseSizes,
  { weights: given, bias: own, scale, transposed }: DenseTensors & { readonly weights: KnownWeights },
  { memory }: Allocator,
  take: Allocator['alloc'],
): { readonly weights: number; readonly bias: number } {
  const weights = take(4 * inFeatures * outFeatures)
  const bias = take(4 * outFeatures)
  if (own) new Float32Array(memory.buffer, bias, outFeatures).set(own)
  const packed = new Float32Array(memory.buffer, weights, inFeatures * outFeatures)
  // In pieces of whole rows as they come.
  const [height, width] = transposed ? [outFeatures, inFeatures] : [inFeatures, outFeatures]
  const whole = given instanceof Float32Array || !given.streamed
  const atOnce = whole ? height : Math.max(1, Math.floor(pieceBytes / (4 * width)))
  for (let row = 0; row < height; row += atOnce) {
    const count = Math.min(atOnce, height - row) * width
    const piece = whole ? wholeFloats(given) : given.read(row * width, count)
    if (transposed) packed.set(piece, row * width)
    else
      for (let i = 0; i < count; i += width)
        for (let o = 0; o < width; o++) packed[o * inFeatures + row + i / width] = piece[i + o]!
  }
  if (scale)
    for (let o = 0, at = 0; o < outFeatures; o++)
      for (const end = at + inFeatures; at < end; at++) packed[at] = packed[at]! * scale[o]!
  return { weights, bias }
}
