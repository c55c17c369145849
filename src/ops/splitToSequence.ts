import type { Call } from '../graph/index.ts'
import { partsOf, withoutAxis } from './shared/bodies.ts'
import { axisOf, contentOf, required, wrong } from './shared/check.ts'
import { parted } from './shared/joining.ts'
import { sequenceOf, sequenceOperator } from './shared/sequences.ts'

interface SplitToSequenceAttributes {
  readonly axis: number
  /** Whether parts of one element keep the axis; only where no sizes are given. */
  readonly keepDims: boolean
}

/** Sizes of the parts of an axis: a list, one size for all but a smaller last one, or one each. */
function sizesOf(call: Call, size: number, given: ArrayLike<number> | undefined): number[] {
  if (!given) return new Array<number>(size).fill(1)
  const isList = call.inputs[1]?.shape?.length === 1
  const part = given[0]!
  if (!isList && part < 1) throw wrong(call, `parts of ${part} elements`)
  const sizes = isList
    ? Array.from(given)
    : Array.from({ length: Math.ceil(size / part) }, (_, i) => Math.min(part, size - i * part))
  if (sizes.some((s) => s < 0) || sizes.reduce((a, b) => a + b, 0) !== size)
    throw wrong(call, `the parts [${sizes}] do not make up ${size}`)
  return sizes
}

/** A tensor's parts along an axis as a sequence (ONNX SplitToSequence, opset 11, 24). */
export const splitToSequence = sequenceOperator('SplitToSequence', {
  inputs: ['input', 'split?'],
  attributes: (a): SplitToSequenceAttributes => ({ axis: a.int('axis', 0), keepDims: a.flag('keepdims', true) }),
  forward: (call, [x, split]) => {
    const tensor = x!
    const axis = axisOf(call, call.attributes.axis, tensor.shape.length)
    const parts = parted(tensor, axis, sizesOf(call, tensor.shape[axis]!, split?.data))
    const keeps = split || call.attributes.keepDims
    return sequenceOf(keeps ? parts : parts.map((part) => ({ ...part, shape: part.shape.toSpliced(axis, 1) })))
  },
  unfold: (call, to) => {
    const { shape } = required(call, 0)
    const given = call.inputs[1] && contentOf(call, 1)
    const axis = shape && axisOf(call, call.attributes.axis, shape.length)
    const size = axis === undefined ? undefined : shape?.[axis]
    if (axis === undefined || typeof size !== 'number' || size === 0 || (call.inputs[1] && !given)) return false
    const parts = partsOf(to, call, call.node.inputs[0]!, axis, sizesOf(call, size, given))
    const keeps = call.inputs[1] !== undefined || call.attributes.keepDims
    to.sequence(0, keeps ? parts : parts.map((part) => withoutAxis(to, call, part, axis)))
    return true
  },
})
