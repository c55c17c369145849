import { constantContent } from '../graph/index.ts'
import type { BatchNormalizationAttributes } from '../ops/index.ts'
import type { Prepared, Unit } from './units.ts'

/** y = x · scale[c] + shift[c]: a folded BatchNormalization. */
export interface Affine {
  readonly scale: Float32Array
  readonly shift: Float32Array
}

/** Whether a unit is a BatchNormalization by known parameters; in training it takes the batch's own. */
export function isAffine({ node, call }: Unit, prepared: Prepared): boolean {
  if (node.domain !== '' || node.opType !== 'BatchNormalization' || node.outputs.filter((o) => o !== '').length !== 1)
    return false
  if (!node.inputs.slice(1, 5).every((name) => prepared.isConstant(name))) return false
  const { training } = call.attributes as BatchNormalizationAttributes
  return !training && call.inputs[1]?.shape?.length === 1 && call.inputs[0]?.elementType === 'float32'
}

/** What such a unit does. Its parameters are read: a plan says only which one it is, and holds for others, too. */
export function affineOf({ node, call }: Unit, prepared: Prepared): Affine {
  const { epsilon } = call.attributes as BatchNormalizationAttributes
  const [gamma, beta, mean, variance] = node.inputs.slice(1, 5).map((name) => constantContent(prepared, name).data) as [
    ArrayLike<number>,
    ArrayLike<number>,
    ArrayLike<number>,
    ArrayLike<number>,
  ]
  const scale = Float32Array.from(gamma, (g, c) => g / Math.sqrt(variance[c]! + epsilon))
  const shift = Float32Array.from(beta, (b, c) => b - mean[c]! * scale[c]!)
  return { scale, shift }
}
