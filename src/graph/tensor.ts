import {
  byteLengthOf,
  decodeElements,
  type ElementType,
  elementCount,
  elementsOf,
  encodeElements,
  KerfError,
  stridesOf,
  type Words,
  wordSize,
  wordsOf,
} from '../base/index.ts'
import type { Tensor, TensorData } from './model.ts'

const slice = (all: Uint8Array, offset = 0, length = all.byteLength - offset): Uint8Array =>
  all.subarray(offset, offset + length)

/** `bytes` that are in memory already: the data of a tensor of any element type, packed as ONNX's `raw_data`. */
export function inMemory(bytes: Uint8Array): TensorData {
  return { byteLength: bytes.byteLength, bytes: (offset, length) => slice(bytes, offset, length) }
}

/** Bytes computed when asked for, and computed again the next time. */
export function computed(byteLength: number, make: () => Uint8Array): TensorData {
  return { byteLength, bytes: (offset, length) => slice(make(), offset, length) }
}

/**
 * A tensor of this `shape` from `values` in row-major order; integers wrap, floats round to the element type.
 * @throws KerfError `wrong-shape` where they are too many or too few, `unsupported-element-type` for strings, complex numbers and 8-bit floats
 */
export function tensorOf(elementType: ElementType, shape: readonly number[], values: ArrayLike<number>): Tensor {
  if (elementCount(shape) !== values.length)
    throw new KerfError(
      'wrong-shape',
      `Shape [${shape}] holds ${elementCount(shape)} elements, received ${values.length}.`,
    )
  return { elementType, shape, data: inMemory(encodeElements(elementType, values)) }
}

/** A tensor of this `shape` whose values `make` gives, row-major, whenever its bytes are asked for (weights of a built network, drawn from a seed). */
export function lazyTensor(elementType: ElementType, shape: readonly number[], make: () => ArrayLike<number>): Tensor {
  return {
    elementType,
    shape,
    data: computed(byteLengthOf(elementType, elementCount(shape)!), () => encodeElements(elementType, make())),
  }
}

/** The elements as numbers, row-major. 64-bit integers beyond 2^53 are rounded. */
export function tensorValues(tensor: Tensor): Float64Array {
  return decodeElements(tensor.elementType, tensor.data.bytes(), elementCount(tensor.shape)!)
}

/** The same for those who only read them: without a copy where the element type allows it. */
export function readValues(tensor: Tensor): ArrayLike<number> {
  return elementsOf(tensor.elementType, tensor.data.bytes(), elementCount(tensor.shape)!)
}

/**
 * The sub-tensor that keeps, on each given axis, the listed indices in their order. Nothing is read until its bytes are.
 * Sub-byte element types are not supported (their elements do not start at bytes).
 */
export function keepIndices(tensor: Tensor, keep: ReadonlyMap<number, ArrayLike<number>>): Tensor {
  const shape = tensor.shape.map((d, axis) => keep.get(axis)?.length ?? d)
  const size = byteLengthOf(tensor.elementType, 1)
  if (byteLengthOf(tensor.elementType, 2) !== 2 * size)
    throw new KerfError(
      'unsupported-element-type',
      `Channels cannot be cut out of a packed ${tensor.elementType} tensor.`,
      { elementType: tensor.elementType },
    )
  const make = () => {
    const from = tensor.data.bytes()
    const out = new Uint8Array(byteLengthOf(tensor.elementType, elementCount(shape)!))
    const strides = stridesOf(tensor.shape)
    // Everything after the last cut axis is contiguous.
    const last = Math.max(-1, ...keep.keys())
    if (last < 0) out.set(from.subarray(0, out.byteLength))
    else {
      // Most runs are short (the window of a filter), so that they are copied in the largest pieces that they consist of.
      const unit = wordSize(size, from.byteOffset)
      copyKept(wordsOf(out, unit), wordsOf(from, unit), { shape, strides, keep, last, words: size / unit })
    }
    return out
  }
  return {
    elementType: tensor.elementType,
    shape,
    docString: tensor.docString,
    data: computed(byteLengthOf(tensor.elementType, elementCount(shape)!), make),
  }
}

/** From this many words on, a copy by the machine is faster than one by hand. */
const longRun = 64

interface Kept {
  /** Of the result. */
  readonly shape: readonly number[]
  /** Of the whole, in elements. */
  readonly strides: readonly number[]
  readonly keep: ReadonlyMap<number, ArrayLike<number>>
  readonly last: number
  /** Of an element. */
  readonly words: number
}

function copyKept(out: Words, from: Words, { shape, strides, keep, last, words }: Kept): void {
  const run = strides[last]! * words
  const indices = keep.get(last)!
  let at = 0
  const walk = (axis: number, base: number): void => {
    if (axis < last) {
      const kept = keep.get(axis)
      const step = strides[axis]! * words
      for (let i = 0; i < shape[axis]!; i++) walk(axis + 1, base + (kept ? kept[i]! : i) * step)
      return
    }
    for (let i = 0; i < indices.length; i++) {
      let next = base + indices[i]! * run
      if (run >= longRun) {
        out.set(from.subarray(next, next + run), at)
        at += run
      } else for (const end = at + run; at < end; ) out[at++] = from[next++]!
    }
  }
  if (out.length > 0) walk(0, 0)
}
