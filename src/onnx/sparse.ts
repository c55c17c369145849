import {
  askMemory,
  bitsPerElement,
  byteLengthOf,
  decodeElements,
  elementCount,
  KerfError,
  stridesOf,
} from '../base/index.ts'
import { computed, type Tensor, type TensorData } from '../graph/index.ts'

/** A sparse tensor as files have it (SparseTensorProto): `values` [NNZ] at `indices` [NNZ] (linear) or [NNZ, rank]. */
export interface SparseTensor {
  readonly values: Tensor
  readonly indices: Tensor
  readonly shape: readonly number[]
}

/**
 * The same tensor with its zeros, made when its bytes are asked for: to every other room it is a tensor like any other.
 * @throws KerfError `wrong-shape` when values, indices and shape do not fit together
 */
export function denseData(sparse: SparseTensor, place: string): TensorData {
  const { values, indices, shape } = sparse
  const count = values.shape[0]!
  const linear = indices.shape.length === 1
  const fits =
    values.shape.length === 1 &&
    indices.elementType === 'int64' &&
    indices.shape[0] === count &&
    (linear || (indices.shape.length === 2 && indices.shape[1] === shape.length))
  if (!fits)
    throw new KerfError(
      'wrong-shape',
      `${place} is sparse, and its values [${values.shape}], indices ${indices.elementType} [${indices.shape}] and shape [${shape}] ` +
        'do not fit together. The file is damaged; export it again.',
    )
  if (bitsPerElement(values.elementType) % 8 !== 0 || values.elementType === 'string')
    throw new KerfError(
      'unsupported-element-type',
      `${place} is sparse with ${values.elementType} elements. Store it as a dense tensor.`,
    )
  const size = byteLengthOf(values.elementType, 1)
  const length = byteLengthOf(values.elementType, elementCount(shape)!)
  return computed(length, () => {
    askMemory(length, `${place}, with its zeros,`)
    const out = new Uint8Array(length)
    const from = values.data.bytes()
    const at = decodeElements('int64', indices.data.bytes(), elementCount(indices.shape)!)
    const strides = stridesOf(shape)
    for (let i = 0; i < count; i++) {
      const to = linear ? at[i]! : strides.reduce((sum, s, axis) => sum + s * at[i * strides.length + axis]!, 0)
      if (!(to >= 0 && (to + 1) * size <= out.length))
        throw new KerfError(
          'wrong-shape',
          `${place} is sparse and has an index outside of [${shape}]. The file is damaged; export it again.`,
        )
      out.set(from.subarray(i * size, (i + 1) * size), to * size)
    }
    return out
  })
}
