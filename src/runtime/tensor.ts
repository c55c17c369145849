import {
  byteLengthOf,
  decodeElements,
  type ElementType,
  elementCount,
  encodeElements,
  isHalf,
  KerfError,
  narrowFloats,
} from '../base/index.ts'
import type { Dense, Tensor } from '../graph/index.ts'

/*
 * Tensors as callers give and receive them: one typed array in row-major order (NCHW), chosen by the element type as in ONNX Runtime's
 * JavaScript interface. Half floats are their 16 bits, booleans are bytes of 0 and 1, and types narrower than a byte, or 8-bit floats, are
 * the bytes of ONNX's raw_data.
 */

const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
} as const satisfies { readonly [T in keyof HostArrays]: { readonly prototype: HostArrays[T] } }

type Arrays = typeof arrays

/** Element types of tensors that networks are run with: numbers and booleans. */
export type HostElementType = Exclude<ElementType, 'string' | 'complex64' | 'complex128'>

/** The typed array of each element type that fills whole bytes. */
export interface HostArrays {
  /** The numbers. */
  readonly float32: Float32Array
  /** The numbers. */
  readonly float64: Float64Array
  /** Their 16 bits. */
  readonly float16: Uint16Array
  /** Their 16 bits. */
  readonly bfloat16: Uint16Array
  /** The numbers. */
  readonly int8: Int8Array
  /** The numbers. */
  readonly uint8: Uint8Array
  /** 0 or 1. */
  readonly bool: Uint8Array
  /** The numbers. */
  readonly int16: Int16Array
  /** The numbers. */
  readonly uint16: Uint16Array
  /** The numbers. */
  readonly int32: Int32Array
  /** The numbers. */
  readonly uint32: Uint32Array
  /** The numbers. */
  readonly int64: BigInt64Array
  /** The numbers. */
  readonly uint64: BigUint64Array
}

/** The array that holds elements of a type: of `HostArrays`; of types narrower than a byte, and of 8-bit floats, the bytes of ONNX's raw_data. */
export type HostData<T extends HostElementType = HostElementType> = T extends keyof HostArrays
  ? HostArrays[T]
  : Uint8Array

/** Tensors as callers give and receive them. Which array one has follows from `elementType`, for TypeScript, too. */
export type HostTensor<T extends HostElementType = HostElementType> = T extends HostElementType ? TensorOf<T> : never

/** A tensor of one element type. */
export interface TensorOf<T extends HostElementType> {
  /** As ONNX names it, in Kerf's spelling: `float32`, `int64`, `bool` … */
  readonly elementType: T
  /** Sizes of its axes; none for a single number. */
  readonly shape: readonly number[]
  /** The elements, row-major: the last axis is the one whose neighbours lie side by side. */
  readonly data: HostData<T>
}

/**
 * Whether networks can be run with tensors of this type: all but texts and complex numbers.
 * @param elementType of a model's value
 */
export const isHostElementType = (elementType: ElementType): elementType is HostElementType =>
  elementType !== 'string' && !elementType.startsWith('complex')

/** The typed array that holds elements of this type. */
export const arrayTypeOf = (elementType: HostElementType): Arrays[keyof Arrays] =>
  elementType in arrays ? arrays[elementType as keyof Arrays] : Uint8Array

/** A tensor of an array that its caller knows to be that of the element type. */
export const tensorOver = (elementType: HostElementType, shape: readonly number[], data: HostData): HostTensor =>
  // One of the union's pairs; TypeScript does not see which.
  ({ elementType, shape, data }) as HostTensor

/**
 * The same tensor in memory of its own.
 * @param into where nobody needs what is in it any more: its array is used where it fits
 */
export function copyOf({ elementType, shape, data }: HostTensor, into?: HostTensor): HostTensor {
  const fits = into?.elementType === elementType && into.data.length === data.length
  // Not slice(), which for Node's Buffer is a view.
  const copy = fits ? into.data : new (arrayTypeOf(elementType))(data.length)
  // One of the union's pairs, as in tensorOver.
  copy.set(data as never)
  return tensorOver(elementType, [...shape], copy)
}

/** How many entries the typed array of so many elements has. */
export const dataLengthOf = (elementType: HostElementType, count: number): number =>
  elementType in arrays ? count : byteLengthOf(elementType, count)

/** @throws KerfError `unsupported-element-type` */
function hostType(elementType: ElementType): HostElementType {
  if (isHostElementType(elementType)) return elementType
  throw new KerfError('unsupported-element-type', `Networks are not run with ${elementType} tensors.`, { elementType })
}

const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1

/** Little-endian packed bytes, from the machine's order and back: the same operation. */
function swapped(bytes: Uint8Array, size: number): Uint8Array {
  if (littleEndian || size === 1) return bytes
  const out = new Uint8Array(bytes)
  for (let i = 0; i < out.length; i += size) out.subarray(i, i + size).reverse()
  return out
}

function fromBytes(type: ElementType, shape: readonly number[], packed: Uint8Array): HostTensor {
  const elementType = hostType(type)
  const array = arrayTypeOf(elementType)
  const bytes = swapped(packed, array.BYTES_PER_ELEMENT)
  // A copy: the bytes may lie anywhere, and may be a file's. (Not `slice`, which of a Node Buffer is none.)
  return tensorOver(elementType, shape, new array(new Uint8Array(bytes).buffer))
}

/**
 * A tensor from numbers: floats round to the element type, integers wrap, 64-bit ones saturate.
 * @param elementType `float32` …
 * @param shape sizes of the axes; [] for a single number
 * @param values row-major, as many as the shape holds; copied
 * @throws KerfError `wrong-shape` where shape and values differ in size, `unsupported-element-type`
 */
export function hostTensor<T extends HostElementType>(
  elementType: T,
  shape: readonly number[],
  values: ArrayLike<number>,
): HostTensor<T>
export function hostTensor(elementType: ElementType, shape: readonly number[], values: ArrayLike<number>): HostTensor
export function hostTensor(elementType: ElementType, shape: readonly number[], values: ArrayLike<number>): HostTensor {
  if (elementCount(shape) !== values.length)
    throw new KerfError(
      'wrong-shape',
      `Shape [${shape}] holds ${elementCount(shape)} elements, received ${values.length}.`,
    )
  if (elementType === 'float32') return { elementType, shape, data: new Float32Array(values) }
  if (elementType === 'float64') return { elementType, shape, data: new Float64Array(values) }
  return fromBytes(elementType, shape, encodeElements(elementType, values))
}

/**
 * The elements of `tensor` as numbers. 64-bit integers beyond 2^53 are rounded.
 * @returns in the order of `data`
 */
export function hostValues(tensor: HostTensor): Float64Array {
  const { elementType, shape, data } = tensor
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  return decodeElements(elementType, swapped(bytes, data.BYTES_PER_ELEMENT), elementCount(shape)!)
}

/** A tensor of any element type from float32 numbers: the same memory where it is float32. */
function fromFloats(elementType: HostElementType, shape: readonly number[], floats: Float32Array): HostTensor {
  if (elementType === 'float32') return { elementType, shape, data: floats }
  if (isHalf(elementType))
    return { elementType, shape, data: narrowFloats(elementType, floats, new Uint16Array(floats.length)) }
  return hostTensor(elementType, shape, floats)
}

/**
 * A stored tensor of a model, as sessions take and give them.
 * @param tensor an initializer, say
 * @throws KerfError `unsupported-element-type` for texts and complex numbers
 */
export function fromStored(tensor: Tensor): HostTensor {
  return fromBytes(tensor.elementType, tensor.shape, tensor.data.bytes())
}

/** @throws KerfError `unsupported-element-type` for a sequence */
export function fromDense({ elementType, shape, data, sequence }: Dense): HostTensor {
  if (sequence)
    throw new KerfError(
      'unsupported-element-type',
      'An output of the network is a sequence, which cannot be handed out. Put ConcatFromSequence behind it.',
    )
  return hostTensor(elementType, shape, data)
}

/**
 * What a program has made, as the model has it: the same memory where it is float32.
 * @param elementType of the value in the model
 */
export function fromProgram(value: Dense, elementType: ElementType = value.elementType): HostTensor {
  const { shape, data, sequence } = value
  return data instanceof Float32Array && !sequence
    ? fromFloats(hostType(elementType), shape, data)
    : fromDense({ ...value, elementType })
}

/** The elements as float32: the same memory where they are. */
export const floatsOf = ({ data }: Dense): Float32Array =>
  data instanceof Float32Array ? data : Float32Array.from(data)

/** As the reference implementations take tensors. float32 is not copied. */
export function toDense(tensor: HostTensor): Dense {
  const { elementType, shape, data } = tensor
  return { elementType, shape, data: data instanceof Float32Array ? data : hostValues(tensor) }
}
